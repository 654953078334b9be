/** What is wrong with the page as it is now, for people who see, hear or reach less of it. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';

/** One line for each element that a rule of axe objects to. */
export async function violationsOf(page: Page): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(node => `${id}: ${node.target.join(' ')}: ${node.failureSummary?.split('\n').slice(1).join(' ').trim()}`),
  );
}

/** What can be acted on and yet cannot be brought into sight: cut off, covered, or out of the window. */
export function unreachableIn(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const scope = document.querySelector('[role=dialog], [role=alertdialog]') ?? document.body;
    const selector = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
    return [...scope.querySelectorAll<HTMLElement>(selector)].flatMap(element => {
      // inputs that are not to be seen are acted on by their label; the link past the side bar is there when it has the focus
      const shown = element.closest('label') ?? element;
      if (
        !shown.checkVisibility({ visibilityProperty: true }) ||
        element.matches('.skip, .visually-hidden, :disabled')
      ) {
        return [];
      }
      shown.scrollIntoView({ block: 'center', inline: 'center' });
      const box = shown.getBoundingClientRect();
      // of what is larger than the window, its beginning
      const x = Math.min(Math.max(box.left + Math.min(box.width / 2, 200), 1), innerWidth - 2);
      const y = Math.min(Math.max(box.top + Math.min(box.height / 2, 20), 1), innerHeight - 2);
      const hit = document.elementFromPoint(x, y);
      const isHit = hit !== null && (shown.contains(hit) || hit.contains(shown));
      const isInside =
        box.width > 0 && box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight;
      if (isHit && isInside) return [];
      const name = element.getAttribute('aria-label') ?? element.textContent?.trim().slice(0, 50) ?? '';
      return [`${element.tagName.toLowerCase()} "${name}"`];
    });
  });
}

/** How far the page is wider than the window: what nobody should have to scroll for. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
}
