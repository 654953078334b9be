/** Decodes one A-label (RFC 3492, 6.2). No API of the browser does. */
const base = 36;
const tMin = 1;
const tMax = 26;
const skew = 38;
const damp = 700;
const initialBias = 72;
const initialN = 128;
const largest = 0x10ffff;

function adapt(delta: number, count: number, first: boolean): number {
  let rest = first ? Math.floor(delta / damp) : delta >> 1;
  rest += Math.floor(rest / count);
  let k = 0;
  for (; rest > ((base - tMin) * tMax) >> 1; k += base) rest = Math.floor(rest / (base - tMin));
  return k + Math.floor(((base - tMin + 1) * rest) / (rest + skew));
}

function digitOf(char: string): number | null {
  if (/^[a-z]$/.test(char)) return char.charCodeAt(0) - 97;
  return /^[0-9]$/.test(char) ? char.charCodeAt(0) - 48 + 26 : null;
}

/** `text` is a lower-case label without its "xn--"; null: it is not Punycode. */
export function decodePunycode(text: string): string | null {
  const hyphen = text.lastIndexOf('-');
  const output = Array.from(text.slice(0, Math.max(hyphen, 0)), char => char.codePointAt(0) ?? 0);
  let n = initialN;
  let i = 0;
  let bias = initialBias;
  for (let at = hyphen + 1; at < text.length;) {
    const start = i;
    let weight = 1;
    for (let k = base; ; k += base) {
      const digit = digitOf(text.charAt(at));
      at += 1;
      if (digit === null) return null;
      i += digit * weight;
      const threshold = Math.min(Math.max(k - bias, tMin), tMax);
      if (digit < threshold) break;
      weight *= base - threshold;
      if (i > Number.MAX_SAFE_INTEGER / base || weight > Number.MAX_SAFE_INTEGER / base) return null;
    }
    const count = output.length + 1;
    bias = adapt(i - start, count, start === 0);
    n += Math.floor(i / count);
    if (n > largest) return null;
    i %= count;
    output.splice(i, 0, n);
    i += 1;
  }
  return String.fromCodePoint(...output);
}
