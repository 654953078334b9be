/**
 * Names of zone files in one spelling: absolute, lower case, without the final dot, and with exactly the escapes that BIND
 * prints (RFC 1035, 5.1), so that equal names are equal strings. The root is the empty string.
 */

const plain = /^[A-Za-z0-9_*/-]{1,63}(?:\.[A-Za-z0-9_*/-]{1,63})*\.?$/;
const special = new Set(['"', '(', ')', '.', ';', '\\', '@', '$']);

function labelText(codes: readonly number[]): string {
  let text = '';
  for (const code of codes) {
    const c = String.fromCharCode(code >= 65 && code <= 90 ? code + 32 : code);
    if (code <= 32 || code >= 127) text += `\\${String(code).padStart(3, '0')}`;
    else text += special.has(c) ? `\\${c}` : c;
  }
  return text;
}

function absolute(relative: string, origin: string): string | null {
  const name = origin === '' ? relative : `${relative}.${origin}`;
  return wireLength(name) <= 255 ? name : null;
}

function wireLength(name: string): number {
  return name.replace(/\\(?:\d{3}|.)/g, 'x').length + 2;
}

/** The name that a token of a zone file stands for below `origin` (canonical); null: it is no name. */
export function canonicalName(token: string, origin: string): string | null {
  if (token === '@') return origin;
  if (token === '.') return '';
  if (plain.test(token)) {
    const lower = token.toLowerCase();
    return lower.endsWith('.') ? absolute(lower.slice(0, -1), '') : absolute(lower, origin);
  }
  const labels: number[][] = [[]];
  for (let i = 0; i < token.length; i += 1) {
    const decimal = /^\\(\d{3})/.exec(token.slice(i, i + 4))?.[1];
    let code = token.charCodeAt(i);
    if (token[i] === '.') {
      labels.push([]);
      continue;
    }
    if (decimal !== undefined) {
      code = Number(decimal);
      i += 3;
    } else if (token[i] === '\\') {
      i += 1;
      code = token.charCodeAt(i);
    }
    if (!(code <= 255)) return null;
    labels.at(-1)?.push(code);
  }
  const final = labels.at(-1)?.length === 0;
  if (final) labels.pop();
  if (labels.length === 0 || labels.some(label => label.length === 0 || label.length > 63)) return null;
  return absolute(labels.map(labelText).join('.'), final ? '' : origin);
}

/** The name without its first label; the root for a single label. */
export function parentName(name: string): string {
  for (let i = 0; i < name.length; i += 1) {
    if (name[i] === '\\') i += 1;
    else if (name[i] === '.') return name.slice(i + 1);
  }
  return '';
}

/** How a name is written under `origin`: relative where it can be ("@" for the origin itself), else with its final dot. */
export function writtenName(name: string, origin: string, style: 'relative' | 'absolute'): string {
  if (style === 'relative') {
    if (name === origin) return '@';
    if (origin === '') return name;
    const relative = name.slice(0, -origin.length - 1);
    if (name.endsWith(`.${origin}`) && !relative.endsWith('\\')) return relative;
  }
  return `${name}.`;
}
