/** Serial numbers of zones (RFC 1982) in the style that a zone keeps. */

const dateSerial = /^(19[89]\d|20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d\d$/;
const modulus = 2 ** 32;

/** Whether `a` comes after `b` in serial number arithmetic (RFC 1982, 3.2). */
export function serialIsNewer(a: number, b: number): boolean {
  const distance = (a - b + modulus) % modulus;
  return distance > 0 && distance < modulus / 2;
}

function successor(serial: number): number {
  // 0 is left out: some servers take it for "no serial"
  return serial + 1 >= modulus ? 1 : serial + 1;
}

/**
 * The next serial: YYYYMMDDnn and unix time go on in their own style (and never backwards), anything else counts by one.
 * @param now of the server; the date is that of UTC.
 */
export function nextSerial(serial: number, now: Date): number {
  const next = successor(serial);
  const seconds = Math.floor(now.getTime() / 1000);
  let candidate = next;
  if (dateSerial.test(String(serial))) {
    candidate = Number(`${now.toISOString().slice(0, 10).replaceAll('-', '')}00`);
  } else if (serial >= 1_000_000_000 && serial <= seconds) {
    candidate = seconds;
  }
  return serialIsNewer(candidate, next) ? candidate : next;
}
