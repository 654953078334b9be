/** A message as the changes of a milter make it. */
import type { Packet } from './milter-packet.ts';
import { MilterError, stringsOf } from './milter-packet.ts';

/** A header field as it stands in a message: name, and all that follows the colon, without the final CRLF. Byte strings. */
export interface Header {
  readonly name: string;
  readonly value: string;
}

/** The message while the milter changes it. */
export class Draft {
  headers: Header[];
  #replaced: Buffer[] | null = null;
  readonly #body: Buffer;
  readonly #leadingSpace: boolean;
  constructor(headers: readonly Header[], body: Buffer, leadingSpace: boolean) {
    this.headers = [...headers];
    this.#body = body;
    this.#leadingSpace = leadingSpace;
  }

  get body(): Buffer {
    return this.#replaced === null ? this.#body : Buffer.concat(this.#replaced);
  }

  /** Values come with bare LF between lines, and with their leading space only where that was agreed. */
  #header(name: string, value: string): Header {
    const lines = value.replace(/\r\n|\r|\n/g, '\r\n');
    return { name, value: this.#leadingSpace ? lines : ` ${lines}` };
  }

  #strings(data: Buffer, offset: number): readonly [string, string] {
    const [name, value] = stringsOf(data, offset);
    if (name === undefined || value === undefined || !/^[!-9;-~]+$/.test(name)) {
      throw new MilterError('the signer sends a header that is none');
    }
    return [name, value];
  }

  apply(change: Packet): void {
    const index = () => {
      if (change.data.length < 4) throw new MilterError('the signer sends a change that is cut short');
      return change.data.readUInt32BE(0);
    };
    switch (change.command) {
      case 'h':
        this.headers.push(this.#header(...this.#strings(change.data, 0)));
        return;
      case 'i':
        this.headers.splice(index(), 0, this.#header(...this.#strings(change.data, 4)));
        return;
      case 'm':
        this.#change(index(), ...this.#strings(change.data, 4));
        return;
      case 'b':
        this.#replaced ??= [];
        this.#replaced.push(change.data);
        return;
      default:
      // recipients, sender, quarantine: no matter here
    }
  }

  /** `occurrence` counts headers of that name from 1; an empty value deletes; beyond the last one it is added. */
  #change(occurrence: number, name: string, value: string): void {
    const places = this.headers.flatMap((header, at) => (header.name.toLowerCase() === name.toLowerCase() ? [at] : []));
    const place = places[Math.max(occurrence, 1) - 1];
    if (place === undefined) {
      if (value !== '') this.headers.push(this.#header(name, value));
    } else if (value === '') this.headers.splice(place, 1);
    else this.headers[place] = this.#header(name, value);
  }
}
