/** What is wrong with the page as it is now, for people who see, hear or reach less of it. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';

/** The rules whose answer depends on colours: all that can differ between two themes of one page. */
const colourRules = ['color-contrast', 'link-in-text-block'];

/** One line for each element that a rule of axe objects to. */
export async function violationsOf(page: Page, rules: 'all' | 'colours' = 'all'): Promise<readonly string[]> {
  // what react-aria says to screen readers lives there for seconds, also when the button that it is about is gone
  const axe = new AxeBuilder({ page }).exclude('[data-live-announcer]');
  const { violations } = await (rules === 'all' ? axe : axe.withRules(colourRules)).analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(node => `${id}: ${node.target.join(' ')}: ${node.failureSummary?.split('\n').slice(1).join(' ').trim()}`),
  );
}

/** What can be acted on and yet cannot be brought into sight: cut off, covered, or out of the window. */
export function unreachableIn(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    // the part of an element that can be seen now: what lies within the window and all that scrolls around it
    const seenPart = (element: Element) => {
      const box = element.getBoundingClientRect();
      const seen = { left: box.left, top: box.top, right: box.right, bottom: box.bottom };
      const cutTo = (left: number, top: number, right: number, bottom: number) => {
        seen.left = Math.max(seen.left, left);
        seen.top = Math.max(seen.top, top);
        seen.right = Math.min(seen.right, right);
        seen.bottom = Math.min(seen.bottom, bottom);
      };
      cutTo(0, 0, innerWidth, innerHeight);
      for (let around = element.parentElement; around !== null; around = around.parentElement) {
        if (getComputedStyle(around).overflow === 'visible') continue;
        const { left, top, right, bottom } = around.getBoundingClientRect();
        cutTo(left, top, right, bottom);
      }
      return seen;
    };
    const scope = document.querySelector('[role=dialog], [role=alertdialog]') ?? document.body;
    const selector = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
    return [...scope.querySelectorAll<HTMLElement>(selector)].flatMap(element => {
      // the link past the side bar is there when it has the focus
      const isHidden =
        element.closest('[aria-hidden=true], .skip') !== null ||
        element.matches('.visually-hidden, :disabled, button[tabindex="-1"]') ||
        // its own list may lie over it, and goes with Escape
        element.matches('[aria-haspopup=listbox][aria-expanded=true]');
      // inputs that are not to be seen are acted on by their label
      const shown = element.closest('label') ?? element;
      // what is for screen readers only is one pixel large
      const isSeen = shown.checkVisibility({ visibilityProperty: true }) && shown.getBoundingClientRect().width > 1;
      if (isHidden || !isSeen) return [];
      shown.scrollIntoView({ block: 'nearest', inline: 'nearest' });
      const { left, top, right, bottom } = seenPart(shown);
      const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
      if (right - left >= 8 && bottom - top >= 8 && hit && (shown.contains(hit) || hit.contains(shown))) return [];
      const name = element.getAttribute('aria-label') ?? element.textContent?.trim().slice(0, 50) ?? '';
      return [`${element.tagName.toLowerCase()} "${name}"`];
    });
  });
}

/** How far the page is wider than the window: what nobody should have to scroll for. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
}
