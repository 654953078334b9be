/** Zones as fast-check makes them: every layout that master files allow, in any mixture, valid for BIND. */
import * as fc from 'fast-check';
import type { ZoneFiles } from '../../../../../electron/drivers/kit/zone/parse.ts';
import { formatTxt, splitTxt } from '../../../../../shared/dns/txt.ts';

export const zone = 'firma.example';

interface Style {
  readonly eol: string;
  readonly gap: string;
  readonly withClass: boolean;
  readonly absolute: boolean;
  readonly upper: boolean;
  readonly ttl: 'directive' | 'every' | 'none';
  readonly soa: 'line' | 'block' | 'commented';
  readonly serial: number;
  readonly finalNewline: boolean;
}

const style: fc.Arbitrary<Style> = fc.record({
  eol: fc.constantFrom('\n', '\n', '\r\n'),
  gap: fc.constantFrom('\t', ' ', '\t\t', '     ', ' \t'),
  withClass: fc.boolean(),
  absolute: fc.boolean(),
  upper: fc.boolean(),
  ttl: fc.constantFrom('directive', 'directive', 'every', 'none'),
  soa: fc.constantFrom('line', 'block', 'commented'),
  serial: fc.constantFrom(1, 7, 9, 99, 2024010100, 2024010199, 1999123199, 1614556800, 4294967295, 3000000000),
  finalNewline: fc.boolean(),
});

/** Names below the zone that records are put at; "" is the apex. */
const places = ['', 'www', '*', 'sub', '_dmarc', '_domainkey', 's1._domainkey', 'k9._domainkey', '_adsp._domainkey'];

const value = fc.oneof(
  fc.constantFrom('v=DKIM1; k=rsa; p=MIIB', 'o=~', 'a"quote', 'back\\slash', '', 'semi;colon (paren)', '\xc5\xbe'),
  fc.integer({ min: 250, max: 600 }).map(length => 'p='.padEnd(length, 'Abc0')),
  fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 8 }).map(codes => String.fromCharCode(...codes)),
);
export const values: fc.Arbitrary<readonly string[]> = fc.uniqueArray(value, { maxLength: 2 });

type Item =
  | { readonly kind: 'a' | 'mx' | 'aaaa'; readonly place: string; readonly omit: boolean; readonly extra: number }
  | {
      readonly kind: 'txt';
      readonly place: string;
      readonly omit: boolean;
      readonly extra: number;
      readonly value: string;
    }
  | { readonly kind: 'comment' | 'blank' | 'generate' | 'include' | 'cname'; readonly extra: number }
  | { readonly kind: 'origin'; readonly to: string; readonly relative: boolean };

const place = fc.constantFrom(...places);
const extra = fc.nat({ max: 11 });
const item: fc.Arbitrary<Item> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom('a', 'mx', 'aaaa'), place, omit: fc.boolean(), extra }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('txt' as const), place, omit: fc.boolean(), extra, value }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('comment', 'blank', 'generate', 'include', 'cname'), extra }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('origin' as const),
      to: fc.constantFrom('', '', '_domainkey', 'sub', '_tcp.sub'),
      relative: fc.boolean(),
    }),
  },
);

class Writer {
  text = '';
  origin = zone;
  owner: string | null = null;
  private count = 0;
  private readonly style: Style;
  constructor(style: Style) {
    this.style = style;
  }

  line(text: string): void {
    this.text += text + this.style.eol;
  }

  name(place: string): string {
    const full = place === '' ? zone : `${place}.${zone}`;
    let text = `${full}.`;
    if (!this.style.absolute && full === this.origin) text = '@';
    else if (!this.style.absolute && full.endsWith(`.${this.origin}`)) text = full.slice(0, -this.origin.length - 1);
    return this.style.upper && this.count % 2 === 0 ? text.toUpperCase() : text;
  }

  record(place: string, omit: boolean, extra: number, type: string, data: string): void {
    const { gap, withClass, ttl } = this.style;
    this.count += 1;
    const owner = omit && this.owner === place ? '' : this.name(place);
    this.owner = place;
    const seconds = ['300', '1h', '1H30m', '600'][extra % 4] ?? '60';
    const fields = [
      ...(ttl === 'every' || (ttl === 'directive' && extra === 5) ? [seconds] : []),
      ...(withClass && extra !== 7 ? ['IN'] : []),
    ];
    if (extra % 3 === 0) fields.reverse();
    const comment = extra === 4 ? `${gap}; do not touch "this` : '';
    this.line([owner, ...fields, extra === 9 ? type.toLowerCase() : type, data].join(gap) + comment);
  }

  txt(value: string, extra: number): string {
    const { eol } = this.style;
    const strings = splitTxt(value).map(s => formatTxt(s));
    if (extra === 1 && /^[a-z0-9=~]+$/.test(value)) return value;
    if (extra === 2) return `( ${strings.join(`${eol}\t; in between; "(${eol}\t\t`)} )`;
    if (extra === 3) return `(${eol}\t${strings.join(`${eol}\t`)}${eol}\t)`;
    if (extra === 6) return `( ${strings.join(' ')} ) ; ----- key`;
    return strings.join(' ');
  }

  write(item: Item): void {
    switch (item.kind) {
      case 'a':
        return this.record(item.place, item.omit, item.extra, 'A', `192.0.2.${item.extra}`);
      case 'aaaa':
        return this.record(item.place, item.omit, item.extra, 'AAAA', '2001:db8::1');
      case 'mx':
        return this.record(item.place, item.omit, item.extra, 'MX', '10 mail');
      case 'txt':
        return this.record(item.place, item.omit, item.extra, 'TXT', this.txt(item.value, item.extra));
      case 'cname':
        return this.record(`alias${(this.count += 1)}`, false, item.extra, 'CNAME', 'www');
      case 'comment':
        return this.line(`; ${item.extra} p\xc5\x99\xc3\xadli\xc5\xa1 ( "`);
      case 'blank':
        return this.line(item.extra % 2 === 0 ? '' : ' \t');
      case 'generate':
        return this.line(`$GENERATE 1-3 h${(this.count += 1)}x$ ${this.style.ttl === 'every' ? '60 ' : ''}A 192.0.2.$`);
      case 'include':
        return this.line(`$INCLUDE ${item.extra % 2 === 0 ? 'shared.inc' : '"other.inc" sub'}`);
      case 'origin': {
        const full = item.to === '' ? zone : `${item.to}.${zone}`;
        const relative = item.relative && full.endsWith(`.${this.origin}`);
        this.line(`$ORIGIN ${relative ? full.slice(0, -this.origin.length - 1) : `${full}.`}`);
        this.origin = full;
        return undefined;
      }
    }
  }

  soa(): void {
    const { gap, soa, serial, ttl, eol, withClass } = this.style;
    if (ttl === 'directive') this.line('$TTL 1h');
    const head = [
      this.name(''),
      ...(ttl === 'every' ? ['3600'] : []),
      ...(withClass ? ['IN'] : []),
      'SOA',
      'ns',
      'host\\.master',
    ];
    const tail = {
      line: `${serial} 1h 15m 1w 5m`,
      block: `(${eol}\t${serial}${eol}\t1h 15m${eol} 1w 300 )`,
      commented: '',
    };
    tail.commented = `(${eol}\t\t${serial}\t; serial (${eol}\t\t3600 900 ; retry${eol}\t\t604800 300 ) ; end`;
    this.line([...head, tail[soa]].join(gap));
    this.owner = '';
    this.record('', true, 0, 'NS', 'ns.elsewhere.example.');
  }
}

export interface MadeZone {
  readonly files: ZoneFiles;
  readonly hasTtl: boolean;
  readonly serial: number;
}

export const includes: Readonly<Record<string, string>> = {
  'shared.inc': '; shared\nmail 300 IN A 192.0.2.25\n',
  'other.inc': 'x 300 A 192.0.2.77\nsel._domainkey 300 TXT "kept elsewhere"\n',
};

export const madeZone: fc.Arbitrary<MadeZone> = fc
  .record({ style, items: fc.array(item, { maxLength: 14 }), header: fc.boolean() })
  .map(({ style, items, header }) => {
    const writer = new Writer(style);
    if (header) writer.line(`; zone of ${zone}`);
    writer.soa();
    for (const one of items) writer.write(one);
    // BIND does not take a directive as an unfinished last line
    const unfinished = !style.finalNewline && !/(?:^|\n)\$[^\n]*\n$/.test(writer.text);
    const text = unfinished ? writer.text.replace(/\r?\n$/, '') : writer.text;
    return { files: { text, includes }, hasTtl: style.ttl !== 'every', serial: style.serial };
  });

export const editedName = fc
  .constantFrom(
    ...places.filter(p => p !== ''),
    's2026._domainkey',
    'sel._domainkey.sub',
    's2026._domainkey.sub',
    '_dmarc.sub',
    'www.sub',
  )
  .map(place => `${place}.${zone}`);
