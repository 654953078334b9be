import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { MilterMessage } from '../../../electron/verify/milter.ts';
import { openMilter } from '../../../electron/verify/milter.ts';
import { probeDomains } from '../../../electron/verify/probe.ts';
import type { LookupTxt, ProbeResult, ProbeWish } from '../../../electron/verify/api.ts';
import { keyRecord } from '../../../shared/dkim/key-record.ts';
import type { SigningKey } from './milter-peer.ts';
import { createSignerPeer, frame, uint32 } from './milter-peer.ts';

type Peer = Parameters<typeof probeDomains>[0];
type Target = Parameters<typeof probeDomains>[1][number];

function rsaKey(domain: string, selector: string, bits = 1024): SigningKey & { readonly record: string } {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  return {
    domain,
    selector,
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    record: keyRecord({ algorithm: 'rsa', publicKey: spki }),
  };
}

function ed25519Key(domain: string, selector: string): SigningKey & { readonly record: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64');
  return {
    domain,
    selector,
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    record: keyRecord({ algorithm: 'ed25519', publicKey: raw }),
  };
}

const one = rsaKey('a.example', 's1');
const two = ed25519Key('a.example', 's1-e');
const records: Record<string, readonly string[]> = {
  's1._domainkey.a.example': [one.record],
  's1-e._domainkey.a.example': [two.record],
};
const lookup = async (name: string) => records[name] ?? null;
const endpoint = { host: '127.0.0.1', port: 8891 };
const wish = { domain: 'a.example', selectors: ['s1'] };
const times = { replyMs: 200, messageMs: 400 };
const message: MilterMessage = {
  sender: 'probe@a.example',
  recipient: 'x@y.example',
  queueId: 'Q1',
  headers: [
    { name: 'From', value: ' probe@a.example' },
    { name: 'X-Tight', value: 'tight' },
    { name: 'Subject', value: ' two\r\n lines' },
  ],
  body: Buffer.alloc(150_000, 'x'),
  user: null,
};

describe('the milter client', () => {
  it('says what Postfix says, in its order, with macros before each command', async () => {
    const peer = createSignerPeer();
    const milter = await openMilter(await peer.connect(), times);
    await milter.send(message);
    await milter.send({ ...message, user: 'joe' });
    milter.close();
    const once = [
      'DM',
      'M',
      'DR',
      'R',
      'DT',
      'T',
      'DL',
      'L',
      'DL',
      'L',
      'DL',
      'L',
      'DN',
      'N',
      'B',
      'B',
      'B',
      'DE',
      'E',
    ];
    await expect.poll(() => peer.seen[0]).toEqual(['O', 'DC', 'C', 'H', ...once, ...once, 'Q']);
    const mail = peer.macros.filter(text => text.startsWith('M'));
    expect(mail[0]).toContain('i\0Q1\0');
    expect(mail[0]).not.toContain('auth');
    expect(mail[1]).toContain('{auth_authen}\0joe\0');
    expect(peer.macros[0]).toContain('{client_addr}\u0000127.0.0.1\0');
  });

  it('takes the leading space away unless it was agreed to keep it', async () => {
    const plain = createSignerPeer();
    await (await openMilter(await plain.connect(), times)).send(message);
    expect(plain.headers).toEqual(['From:probe@a.example', 'X-Tight:tight', 'Subject:two\n lines']);
    const exact = createSignerPeer({ protocol: 0x100000 });
    await (await openMilter(await exact.connect(), times)).send(message);
    expect(exact.headers).toEqual(['From: probe@a.example', 'X-Tight:tight', 'Subject: two\n lines']);
  });

  it('leaves out what the signer does not want, and waits for no reply where none comes', async () => {
    const peer = createSignerPeer({ protocol: 0x2 | 0x8 | 0x200 | 0x80 | 0x80000 | 0x1000 | 0x40000 });
    const milter = await openMilter(await peer.connect(), times);
    expect((await milter.send(message)).verdict).toBe('accepted');
    const seen = peer.seen[0]?.filter(command => !command.startsWith('D'));
    expect(seen).toEqual(['O', 'C', 'M', 'L', 'L', 'L', 'N', 'B', 'B', 'B', 'E']);
  });

  it('applies the changes that a milter may make', async () => {
    const peer = createSignerPeer({
      changes: [
        frame('i', uint32(0), 'X-First\0', 'a\n\tb\0'),
        frame('h', 'X-Last\0', 'z\0'),
        frame('m', uint32(1), 'subject\0', 'new\0'),
        frame('m', uint32(1), 'X-Tight\0', '\0'),
        frame('b', 'new '),
        frame('b', 'body'),
        frame('p'),
        frame('+', '<c@d.example>\0'),
      ],
    });
    const outcome = await (await openMilter(await peer.connect(), times)).send(message);
    expect(outcome.headers).toEqual([
      { name: 'X-First', value: ' a\r\n\tb' },
      { name: 'From', value: ' probe@a.example' },
      { name: 'subject', value: ' new' },
      { name: 'X-Last', value: ' z' },
    ]);
    expect(outcome.body.toString()).toBe('new body');
  });

  it('ends a message that the signer waves through or refuses, and goes on with the next', async () => {
    let refuse = true;
    const peer = createSignerPeer({
      reply: command => (command === 'M' && refuse ? frame('y', '451 4.7.1 no\u001b key\0') : undefined),
    });
    const milter = await openMilter(await peer.connect(), times);
    expect(await milter.send(message)).toMatchObject({ verdict: 'refused', reply: '451 4.7.1 no\u001b key' });
    refuse = false;
    expect((await milter.send(message)).verdict).toBe('accepted');
    expect(peer.seen[0]?.slice(0, 8)).toEqual(['O', 'DC', 'C', 'H', 'DM', 'M', 'A', 'DM']);
  });

  it.each([
    ['an impossible length', Buffer.from([0xff, 0xff, 0xff, 0xff, 0x4f]), /milter protocol/],
    ['an empty packet', Buffer.from([0, 0, 0, 0, 0]), /milter protocol/],
    ['another protocol', Buffer.from('220 mx1 ESMTP Postfix\r\n'), /milter protocol/],
    ['a reply to nothing', frame('c'), /milter protocol/],
    ['a version from the future', frame('O', uint32(9), uint32(0), uint32(0)), /version 9/],
  ])('is not fooled by %s', async (_, bytes, text) => {
    const peer = createSignerPeer({ reply: command => (command === 'O' ? bytes : undefined) });
    await expect(openMilter(await peer.connect(), times)).rejects.toThrow(text);
  });

  it.each([
    ['is silent', { reply: (command: string) => (command === 'M' ? Buffer.alloc(0) : undefined) }, /in time/],
    ['says "wait" for ever', { changes: Array.from({ length: 600 }, () => frame('h', 'A\0', 'b\0')) }, /without end/],
    ['sends a header that is none', { changes: [frame('h', 'A: b\0', 'c\0')] }, /header that is none/],
    ['cuts a change short', { changes: [frame('i', 'x')] }, /cut short/],
    ['hangs up', { reply: (command: string) => (command === 'N' ? null : undefined) }, /closed the connection/],
  ])('gives up when the signer %s', async (_, options, text) => {
    const milter = await openMilter(await createSignerPeer(options).connect(), times);
    await expect(milter.send(message)).rejects.toThrow(text);
  });
});

async function probeDomain(...[session, place, one, keys]: [Peer, Target, ProbeWish, LookupTxt]): Promise<ProbeResult> {
  const [result] = await probeDomains(session, [place], [one], keys);
  if (result === undefined) throw new Error('no result');
  return result;
}

describe('a probe', () => {
  it('verifies both signatures of a pair, with the keys as served', async () => {
    const peer = createSignerPeer({ keys: [one, two], protocol: 0x100000 });
    const result = await probeDomain(peer, endpoint, { domain: 'a.example', selectors: ['s1', 's1-e'] }, lookup);
    expect(result).toMatchObject({ ok: true, signedAs: 'local', problem: null });
    expect(new Set(result.signatures)).toEqual(
      new Set([
        { scheme: 'dkim', domain: 'a.example', selector: 's1', algorithm: 'rsa', verified: true, reason: null },
        { scheme: 'dkim', domain: 'a.example', selector: 's1-e', algorithm: 'ed25519', verified: true, reason: null },
      ]),
    );
  });

  it('sends many messages over few connections', async () => {
    const peer = createSignerPeer({ keys: [one] });
    const wishes = Array.from({ length: 30 }, () => wish);
    const results = await probeDomains(peer, [endpoint], wishes, lookup, { connections: 2 });
    expect(results.every(result => result.ok)).toBe(true);
    expect(results).toHaveLength(30);
    expect(peer.seen).toHaveLength(2);
  });

  it('tries as a user who logged in, and says so', async () => {
    const peer = createSignerPeer({ keys: [one], authenticatedOnly: true });
    expect(await probeDomain(peer, endpoint, wish, lookup)).toMatchObject({ ok: true, signedAs: 'authenticated' });
    expect(await probeDomain(peer, endpoint, { ...wish, unsigned: true }, lookup)).toMatchObject({
      ok: false,
      problem: { code: 'probe-still-signed' },
    });
  });

  it('proves that nothing is signed', async () => {
    const peer = createSignerPeer({ keys: [rsaKey('b.example', 's1')] });
    const result = await probeDomain(peer, endpoint, { ...wish, selectors: [], unsigned: true }, lookup);
    expect(result).toMatchObject({ ok: true, signedAs: null, signatures: [] });
    expect(peer.seen[0]?.filter(command => command === 'M')).toHaveLength(2);
  });

  it('asks for each key once, for all in one go', async () => {
    const keys = ['a.example', 'b.example', 'c.example'].map(domain => rsaKey(domain, 's1'));
    const asked: string[] = [];
    const held: (() => void)[] = [];
    const slow: LookupTxt = async name => {
      asked.push(name);
      const answered = new Promise<void>(resolve => held.push(resolve));
      if (held.length === keys.length) for (const answer of held) answer();
      await answered;
      return [keys.find(key => name.endsWith(key.domain))?.record ?? ''];
    };
    const wishes = [...keys, ...keys].map(key => ({ domain: key.domain, selectors: ['s1'] }));
    const results = await probeDomains(createSignerPeer({ keys }), [endpoint], wishes, slow);
    expect(results.map(result => result.ok)).toEqual([true, true, true, true, true, true]);
    expect(asked.sort()).toEqual(keys.map(key => `s1._domainkey.${key.domain}`));
  });

  it('does not take refused mail for mail that is rightly unsigned', async () => {
    const peer = createSignerPeer({ reply: command => (command === 'E' ? frame('t') : undefined) });
    const result = await probeDomain(peer, endpoint, { ...wish, selectors: [], unsigned: true }, lookup);
    expect(result).toMatchObject({ ok: false, problem: { code: 'probe-refused' } });
  });

  const weak = rsaKey('a.example', 's1', 512);
  it.each([
    ['not signed', [], one.record, 'probe-not-signed', /comes back unsigned from the signer at 127\.0\.0\.1:8891/],
    ['another selector', [two], one.record, 'probe-other-selector', /signed with s1-e, not with s1/],
    ['another key published', [one], rsaKey('a', 'b').record, 'probe-bad-signature', /does not verify: bad signature/],
    ['nothing published', [one], null, 'probe-bad-signature', /no key record is served at s1\._domainkey\.a\.example/],
    ['a key that is too short', [weak], weak.record, 'probe-bad-signature', /shorter than 1024 bits/],
    ['a revoked key', [one], 'v=DKIM1; p=', 'probe-bad-signature', /invalid public key/],
    ['a key that allows only SHA-1', [one], one.record.replace('p=', 'h=sha1; p='), 'probe-bad-signature', /hash/],
  ])('fails: %s', async (_, keys, served, code, text) => {
    const result = await probeDomain(createSignerPeer({ keys }), endpoint, wish, async name =>
      name === 's1._domainkey.a.example' ? (served === null ? null : [served]) : lookup(name),
    );
    expect(result).toMatchObject({ ok: false, problem: { code, domain: 'a.example', server: 'mx1' } });
    expect(result.problem?.message).toMatch(text);
  });

  it('does not take one of several records, nor a failed look-up, for a key', async () => {
    const peer = createSignerPeer({ keys: [one] });
    const several = await probeDomain(peer, endpoint, wish, async () => [
      one.record,
      one.record.replace('k=', 'n=x; k='),
    ]);
    expect(several.problem?.message).toMatch(/several records are served/);
    const broken = await probeDomain(peer, endpoint, wish, async () => {
      throw new Error('no DNS');
    });
    expect(broken.problem?.message).toMatch(/could not be looked up/);
  });

  it('tells that the signer refuses the mail, in printable text', async () => {
    const peer = createSignerPeer({
      reply: command => (command === 'E' ? frame('y', '451 no\u001b[31m key\0') : undefined),
    });
    const result = await probeDomain(peer, endpoint, wish, lookup);
    expect(result.problem).toMatchObject({ code: 'probe-refused' });
    expect(result.problem?.message).toContain('451 no\\u{1b}[31m key');
  });

  it('connects again once when the signer reloads in between', async () => {
    let sent = 0;
    const peer = createSignerPeer({
      keys: [one],
      reply: command => {
        sent += command === 'M' ? 1 : 0;
        return command === 'M' && sent === 2 ? null : undefined;
      },
    });
    const results = await probeDomains(peer, [endpoint], [wish, wish, wish], lookup, { connections: 1 });
    expect(results.map(result => result.ok)).toEqual([true, true, true]);
    expect(peer.seen).toHaveLength(2);
  });

  it('does not wait for a dead signer again and again', async () => {
    const peer = createSignerPeer({ reply: command => (command === 'O' ? Buffer.alloc(0) : undefined) });
    const start = Date.now();
    const wishes = Array.from({ length: 50 }, () => wish);
    const results = await probeDomains(peer, [endpoint], wishes, lookup, { connections: 1, replyMs: 50 });
    expect(results).toHaveLength(50);
    expect(new Set(results.map(result => result.problem?.code))).toEqual(new Set(['probe-broken']));
    expect(Date.now() - start).toBeLessThan(10_000);
  });

  it('says that the signer cannot be reached', async () => {
    const closed = { server: 'mx1', connect: async () => Promise.reject(new Error('refused')) };
    expect(await probeDomain(closed, { path: '/run/x.sock' }, wish, lookup)).toMatchObject({
      ok: false,
      problem: { code: 'signer-unreachable', message: 'the signer at /run/x.sock cannot be reached: refused' },
    });
  });
});
