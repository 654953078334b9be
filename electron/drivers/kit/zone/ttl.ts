const ttlToken = /^(?:\d+|(?:\d+[wdhms])+)$/i;
const units: Readonly<Record<string, number>> = { w: 604_800, d: 86_400, h: 3_600, m: 60, s: 1 };

/** Seconds of a TTL as BIND reads it: "3600", "1h30m"; null: the token is none, or over 32 bits. */
export function parseTtl(token: string): number | null {
  if (!ttlToken.test(token)) return null;
  let seconds = 0;
  for (const [, digits, unit] of token.matchAll(/(\d+)([wdhms]?)/gi)) {
    seconds += Number(digits) * (units[(unit ?? '').toLowerCase()] ?? 1);
  }
  return seconds <= 0xff_ff_ff_ff ? seconds : null;
}
