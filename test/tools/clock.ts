/** A clock that is ahead, for a program that the tests start: what is due in hours becomes due now. */

/** For the environment of a Node program: `Date` there is `hours` ahead. */
export function hoursAhead(hours: number): Readonly<Record<string, string>> {
  const code = `const Real = Date; globalThis.Date = class extends Real {
    constructor(...parts) { super(...(parts.length === 0 ? [Real.now() + ${hours * 3_600_000}] : parts)); }
    static now() { return Real.now() + ${hours * 3_600_000}; }
  };`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` };
}
