import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatRecord } from '../../../shared/dns/dialects.ts';
import { parseTxt } from '../../../shared/dns/txt.ts';

const key = 'MIIB'.repeat(98);
const record = `v=DKIM1; k=rsa; p=${key}`;
const first = record.slice(0, 255);
const second = record.slice(255);
const long = { name: 's1._domainkey.mail.example.com', ttl: 3600, values: [record] };
const odd = { name: '_dmarc.example.com', ttl: null, values: ['a"b\\c;d\u00e9 ', "it's 10:30"] };

describe('formatRecord', () => {
  it('for BIND: split, quoted, relative to the zone', () => {
    expect(formatRecord(long, 'example.com', 'bind')).toBe(`s1._domainkey.mail 3600 IN TXT "${first}" "${second}"`);
    expect(formatRecord(long, null, 'bind')).toBe(`s1._domainkey.mail.example.com. 3600 IN TXT "${first}" "${second}"`);
    expect(formatRecord({ ...long, name: 'example.com', values: ['x'] }, 'example.com.', 'bind')).toBe(
      '@ 3600 IN TXT "x"',
    );
    expect(formatRecord(odd, 'example.com', 'bind')).toBe(
      '_dmarc IN TXT "a\\"b\\\\c;d\\233 "\n_dmarc IN TXT "it\'s 10:30"',
    );
  });
  it('for Cloudflare: the fields of its form', () => {
    expect(formatRecord(long, 'example.com', 'cloudflare')).toBe(
      `Type: TXT\nName: s1._domainkey.mail\nTTL: 3600\nContent: "${first}" "${second}"`,
    );
    expect(formatRecord({ ...odd, values: ['v=DMARC1; p=none'] }, null, 'cloudflare')).toBe(
      'Type: TXT\nName: _dmarc.example.com\nTTL: Auto\nContent: "v=DMARC1; p=none"',
    );
  });
  it('for Route 53: one record set, octal escapes, always a TTL', () => {
    expect(formatRecord(long, 'example.com', 'route53')).toBe(
      `Record name: s1._domainkey.mail\nRecord type: TXT\nTTL (seconds): 3600\nValue:\n"${first}" "${second}"`,
    );
    expect(formatRecord(odd, 'example.com', 'route53')).toBe(
      'Record name: _dmarc\nRecord type: TXT\nTTL (seconds): 300\nValue:\n"a\\"b\\\\c;d\\351 "\n"it\'s 10:30"',
    );
  });
  it('for PowerDNS: the command, quoted for the shell, relative to the zone', () => {
    expect(formatRecord(long, 'example.com', 'powerdns')).toBe(
      `pdnsutil replace-rrset example.com s1._domainkey.mail TXT 3600 '"${first}" "${second}"'\n` +
        'pdnsutil increase-serial example.com\npdnsutil rectify-zone example.com',
    );
    expect(formatRecord(odd, null, 'powerdns').split('\n')[0]).toBe(
      `pdnsutil replace-rrset example.com _dmarc TXT '"a\\"b\\\\c;d\\233 "' '"it'\\''s 10:30"'`,
    );
    expect(formatRecord(long, null, 'powerdns', 'remove').split('\n')[0]).toBe(
      'pdnsutil delete-rrset mail.example.com s1._domainkey TXT',
    );
  });
  it('for PowerDNS: the shell gives pdnsutil exactly the values', () => {
    const command = formatRecord(odd, 'example.com', 'powerdns').split('\n')[0] ?? '';
    const args = execFileSync('/bin/sh', ['-c', `pdnsutil() { printf '%s\\n' "$@"; }; ${command}`], {
      encoding: 'utf8',
    });
    expect(args.trimEnd().split('\n').slice(4).map(parseTxt)).toEqual(odd.values);
  });
  it('for tinydns: octal escapes, the text unsplit', () => {
    expect(formatRecord(long, 'example.com', 'tinydns')).toBe(
      `'s1._domainkey.mail.example.com:v=DKIM1;\\040k=rsa;\\040p=${key}:3600`,
    );
    expect(formatRecord(odd, 'example.com', 'tinydns')).toBe(
      `'_dmarc.example.com:a"b\\134c;d\\351\\040\n'_dmarc.example.com:it's\\04010\\07230`,
    );
  });
});

const hasChecker = spawnSync('named-compilezone', ['-v']).status === 0;

describe.skipIf(!hasChecker)('the output for BIND (needs named-compilezone)', () => {
  it.each(['example.com', null])('loads, and means the same (zone %j)', zone => {
    const directory = mkdtempSync(join(tmpdir(), 'signet-dialects-'));
    try {
      const file = join(directory, 'zone');
      const start =
        '$TTL 3600\n@ IN SOA ns.example.com. h.example.com. 1 1 1 1 1\n@ IN NS ns.example.com.\nns IN A 192.0.2.1\n';
      writeFileSync(file, `${start}${formatRecord(long, zone, 'bind')}\n${formatRecord(odd, zone, 'bind')}\n`);
      const compiled = execFileSync('named-compilezone', ['-q', '-s', 'full', '-o', '-', 'example.com', file], {
        encoding: 'latin1',
      });
      const found = compiled.split('\n').flatMap(line => {
        const match = /^(\S+)\s+\d+\s+IN\s+TXT\s+(.*)$/.exec(line);
        return match === null ? [] : [[match[1], parseTxt(match[2] ?? '')]];
      });
      const wanted = [long, odd].flatMap(rrset => rrset.values.map(value => [`${rrset.name}.`, value]));
      expect(found.sort()).toEqual(wanted.sort());
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
