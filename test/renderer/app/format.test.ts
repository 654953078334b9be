import { describe, expect, it } from 'vitest';
import type { ServerRow } from '../../../shared/contract.ts';
import { fleetSummary } from '../../../renderer/app/fleet.ts';
import { ago, count, duration, hours, plural, shortAge, until } from '../../../renderer/app/format.ts';
import { address, parseRoute } from '../../../renderer/app/router.ts';

const now = Date.parse('2026-11-24T12:00:00Z');
const before = (seconds: number) => new Date(now - seconds * 1000).toISOString();

describe('format', () => {
  it('writes numbers and plurals', () => {
    expect(count(1870)).toBe('1,870');
    expect(plural(1, 'domain')).toBe('1 domain');
    expect(plural(1870, 'domain')).toBe('1,870 domains');
    expect(plural(2, 'domain is', 'domains are')).toBe('2 domains are');
  });

  it('writes how long ago, and never in the future', () => {
    expect(ago(before(10), now)).toBe('just now');
    expect(ago(before(-600), now)).toBe('just now');
    expect(ago(before(300), now)).toBe('5 minutes ago');
    expect(ago(before(7200), now)).toBe('2 hours ago');
    expect(ago(before(3 * 86_400), now)).toBe('3 days ago');
    expect(ago(before(60 * 86_400), now)).toBe('25 Sept 2026');
    expect(ago('nonsense', now)).toBe('at an unknown time');
  });

  it('writes how long until', () => {
    expect(until(before(5), now)).toBe('now');
    expect(until(before(-90), now)).toBe('in 2 minutes');
    expect(until(before(-4 * 86_400), now)).toBe('in 4 days');
  });

  it('writes durations, ages and hours as people say them', () => {
    expect([duration(8000), duration(125_000), duration(3_780_000)]).toEqual(['8 s', '2 min 5 s', '1 h 3 min']);
    expect([shortAge(12), shortAge(214), shortAge(1200), shortAge(null)]).toEqual(['12 d', '7 mo', '3 y', '']);
    expect([hours(168), hours(36), hours(0), hours(24)]).toEqual(['7 days', '36 hours', '0 hours', '1 day']);
  });
});

function server(part: Partial<ServerRow>): ServerRow {
  return {
    name: 'mx1',
    host: 'mx1',
    port: 22,
    user: 'root',
    login: 'agent',
    sudo: 'none',
    jump: null,
    hostKey: null,
    roles: [],
    mta: null,
    signer: null,
    dns: null,
    os: null,
    domains: 0,
    givenDomains: 0,
    mailSettings: null,
    lastScan: before(300),
    reachable: true,
    problems: [],
    ...part,
  };
}

describe('fleetSummary', () => {
  it('says what the status bar promises', () => {
    const servers = [
      server({}),
      server({ lastScan: before(60) }),
      server({ reachable: false, lastScan: before(9 * 86_400) }),
    ];
    expect(fleetSummary(servers, now).text).toBe('3 servers, 1 unreachable, scanned 5 minutes ago');
    expect(fleetSummary([server({ lastScan: null, reachable: null })], now).text).toBe('1 server, 1 not scanned');
    expect(fleetSummary([], now).text).toBe('No servers yet');
  });
});

describe('addresses', () => {
  it('come back as they were given, whatever is in a name', () => {
    const hash = address('domains', 'mx1', 'a/b%c.example');
    expect(parseRoute(hash)).toEqual({ screen: 'domains', open: ['mx1', 'a/b%c.example'] });
  });
  it('lead to the domains when they name nothing', () => {
    for (const hash of ['', '#', '#/nowhere/x', '#/%E0%A4%A']) expect(parseRoute(hash).screen).toBe('domains');
  });
});
