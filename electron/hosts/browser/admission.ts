/**
 * Who may talk to the host: a page with the token of the address, once, and from then on whoever has the session that it was
 * given for it. The page keeps the session in its tab (sessionStorage), so that a reload works, while the address in a
 * history, a log or a shoulder-surfer's memory is worth nothing as soon as the page is open. Sessions end with the process.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const secretBytes = 32;

// digests have one length, which the comparison in constant time needs; nothing else keeps the secrets
const digestOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();
const newSecret = (): string => randomBytes(secretBytes).toString('base64url');

export class Admission {
  #tokens: readonly Buffer[] = [];
  readonly #sessions: Buffer[] = [];

  /** A token for one page. Earlier ones that nobody used are void. */
  newToken(): string {
    const token = newSecret();
    this.#tokens = [digestOf(token)];
    return token;
  }

  /** The session to go on with, or null: unknown, or used already. */
  admit(secret: string): string | null {
    const digest = digestOf(secret);
    if (this.#sessions.some(one => timingSafeEqual(one, digest))) return secret;
    if (!this.#tokens.some(one => timingSafeEqual(one, digest))) return null;
    this.#tokens = [];
    const session = newSecret();
    this.#sessions.push(digestOf(session));
    return session;
  }
}
