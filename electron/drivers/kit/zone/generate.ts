/** $GENERATE of BIND 9 (Administrator Reference Manual, "BIND Primary File Extension: the $GENERATE Directive"). */

const rangeToken = /^(\d{1,9})-(\d{1,9})(?:\/(\d{1,9}))?$/;
/** More records than this are not expanded: the zone is then not understood. */
const maxGenerated = 65_536;

const substitution = /\\\$|\$\$|\$(?:\{(-?\d{1,9})(?:,(\d{1,3})(?:,([doxXnN]))?)?\})?/g;

function format(value: number, width: number, base: string): string {
  if (base === 'n' || base === 'N') {
    // nibbles in reverse order with dots between them; the width counts the dots
    let digits = Math.max(value, 0).toString(16);
    digits = digits.padStart(Math.max(digits.length, Math.ceil(width / 2)), '0');
    const text = [...digits].reverse().join('.');
    return base === 'N' ? text.toUpperCase() : text;
  }
  const radix = base === 'd' ? 10 : base === 'o' ? 8 : 16;
  const text = value.toString(radix).padStart(width, '0');
  return base === 'X' ? text.toUpperCase() : text;
}

/** @returns null for what is not understood. */
export function expandGenerate(
  range: string,
  left: string,
  right: string,
): readonly { readonly owner: string; readonly rdata: string }[] | null {
  const [, from, to, by] = rangeToken.exec(range) ?? [];
  const step = Number(by ?? 1);
  const first = Number(from);
  const last = Number(to);
  if (from === undefined || step < 1 || last < first || (last - first) / step >= maxGenerated) return null;
  // a "${" that the pattern left alone is a modifier that is not known
  if (/\$\{/.test(`${left} ${right}`.replace(substitution, m => (m.startsWith('${') ? '' : m)))) return null;
  const made: { owner: string; rdata: string }[] = [];
  for (let i = first; i <= last; i += step) {
    const fill = (text: string): string =>
      text.replace(substitution, (match, offset?: string, width?: string, base?: string) => {
        if (match === '\\$' || match === '$$') return '$';
        return format(i + Number(offset ?? 0), Number(width ?? 0), base ?? 'd');
      });
    made.push({ owner: fill(left), rdata: fill(right) });
  }
  return made;
}
