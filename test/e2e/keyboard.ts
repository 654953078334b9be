/** A person without a mouse: keys only, who must see at every stop where the focus is. */
import type { ElementHandle, Locator, Page } from 'playwright-core';

/** More stops than any screen or dialog has. */
const mostStops = 80;

/** What could show the focus: the looks of the element, of what it stands in, and of the label that is its visible part. */
function looks(element: Element): string {
  const properties = ['outline', 'box-shadow', 'border-color', 'background-color', 'stroke', 'stroke-width', 'fill'];
  const label = element.closest('label');
  const seen = [element, element.parentElement, element.parentElement?.parentElement, label];
  const parts = label ? [...label.querySelectorAll('*')] : [...element.children];
  return JSON.stringify(
    [...seen, ...parts].map(one => {
      if (!one) return null;
      const style = getComputedStyle(one);
      return properties.map(property => style.getPropertyValue(property));
    }),
  );
}

const name = (element: Element): string =>
  `${element.tagName.toLowerCase()} "${element.getAttribute('aria-label') ?? element.textContent?.trim().slice(0, 60) ?? ''}"`;

export class Keyboard {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.#page.keyboard.press(key);
  }

  /** Instead of what the field holds. */
  async type(text: string): Promise<void> {
    await this.press('ControlOrMeta+a');
    await this.#page.keyboard.type(text);
  }

  isOn(locator: Locator): Promise<boolean> {
    return locator.evaluateAll(elements => elements.some(element => element === document.activeElement));
  }

  /** Tab until `target` has the focus. Fails where a stop on the way, or the target, looks the same with and without it. */
  async tabTo(target: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
    await target.first().waitFor({ state: 'attached' });
    if (await this.isOn(target)) return;
    const without = await target.first().evaluate(looks);
    for (let stop = 0; stop < mostStops; stop += 1) {
      await this.#tab(key);
      if (!(await this.isOn(target))) continue;
      if ((await target.first().evaluate(looks)) !== without) return;
      throw new Error(`${await target.first().evaluate(name)} does not show that it has the focus`);
    }
    throw new Error(`${target.toString()} cannot be reached with ${key}`);
  }

  async #tab(key: string): Promise<void> {
    const left = (await this.#page.evaluateHandle(() => document.activeElement)).asElement();
    const within = left === null ? null : await this.#stop(left);
    await this.press(key);
    if (left === null || within === null || !(await left.evaluate(element => element.isConnected))) return;
    if (await left.evaluate(element => element === document.activeElement)) return;
    if ((await left.evaluate(looks)) !== within) return;
    throw new Error(`${await left.evaluate(name)} did not show that it had the focus`);
  }

  /** The looks of what has the focus; null for a page or a dialog as a whole, which nobody acts on. */
  async #stop(element: ElementHandle<Element>): Promise<string | null> {
    const acts = await element.evaluate(
      one => one instanceof HTMLElement && one.tabIndex >= 0 && one !== document.body,
    );
    return acts ? element.evaluate(looks) : null;
  }
}
