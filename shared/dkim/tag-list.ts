/**
 * The tag=value lists of DKIM records and signatures (RFC 6376, 3.2), which DomainKeys, ADSP and DMARC records follow too.
 * Works in a browser.
 */
export interface Tag {
  readonly name: string;
  /** Without the white space around it; white space inside stands as it was. */
  readonly value: string;
}

const tagName = /^[A-Za-z][A-Za-z0-9_]*$/;
const spaceAround = /^[ \t\r\n]+|[ \t\r\n]+$/g;
// VALCHAR and white space; UTF-8 as RFC 8616 allows it
const tagValue = /^[\u0021-\u003a\u003c-\u007e\u0080-\u{10ffff} \t\r\n]*$/u;
const blank = /^[ \t\r\n]*$/;

/** null: not a tag-list. A tag that occurs twice makes the whole list invalid. A final `;` is allowed, an empty tag is not. */
export function parseTagList(text: string): readonly Tag[] | null {
  const parts = text.split(';');
  if (parts.length > 1 && blank.test(parts.at(-1) ?? '')) parts.pop();
  const tags: Tag[] = [];
  const seen = new Set<string>();
  for (const part of parts) {
    const tag = tagOf(part);
    if (tag === null || !tagValue.test(tag.value) || seen.has(tag.name)) return null;
    seen.add(tag.name);
    tags.push(tag);
  }
  return tags;
}

/** Not one expression for all: the table reads the keys of 100,000 domains, and that one went back and forth in each. */
function tagOf(part: string): Tag | null {
  const equals = part.indexOf('=');
  const name = part.slice(0, Math.max(0, equals)).replace(spaceAround, '');
  return tagName.test(name) ? { name, value: part.slice(equals + 1).replace(spaceAround, '') } : null;
}

/** What can be read of a list with errors in it, as RFC 7489, 6.3 asks for DMARC: broken parts are passed over, the first of equal tags counts. */
export function parseLooseTagList(text: string): readonly Tag[] {
  const tags = text.split(';').flatMap(part => parseTagList(part) ?? []);
  return tags.filter((tag, at) => tags.findIndex(other => other.name === tag.name) === at);
}

/** "v=DKIM1; k=rsa; p=MII..." */
export function formatTagList(tags: readonly Tag[]): string {
  return tags.map(tag => `${tag.name}=${tag.value}`).join('; ');
}

export function valueOf(tags: readonly Tag[], name: string): string | undefined {
  return tags.find(tag => tag.name === name)?.value;
}

/** The items of a colon-separated value: `t=y:s`, `s=email`, `h=sha1 : sha256`. */
export function listOf(tags: readonly Tag[], name: string): readonly string[] | null {
  const value = valueOf(tags, name);
  return value === undefined ? null : value.split(':').map(item => item.trim());
}

export function withoutSpace(value: string): string {
  return value.replace(/[ \t\r\n]+/g, '');
}

/**
 * Sets one tag (wherever it occurs) in the text of a list and leaves every other byte as it is. A tag that is not there yet is
 * put behind the tag `behind`, or in front where that is missing too.
 */
export function setTag(text: string, name: string, value: string, behind: string | null): string {
  const parts = text.split(';');
  const nameOf = (part: string) => tagOf(part)?.name;
  if (parts.some(part => nameOf(part) === name)) {
    return parts
      .map(part => {
        const [, before = '', after = ''] = /^([^=]*=[ \t\r\n]*).*?([ \t\r\n]*)$/s.exec(part) ?? [];
        return nameOf(part) === name ? `${before}${value}${after}` : part;
      })
      .join(';');
  }
  const place = parts.findIndex(part => nameOf(part) === behind) + 1;
  parts.splice(place, 0, place === 0 ? `${name}=${value}` : ` ${name}=${value}`);
  const next = parts[1];
  if (place === 0 && next !== undefined && /^[^ \t\r\n]/.test(next)) parts[1] = ` ${next}`;
  return parts.join(';');
}
