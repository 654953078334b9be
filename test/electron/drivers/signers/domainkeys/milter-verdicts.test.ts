/** What the DomainKeys milter decides on a message: its own Perl, with signatures by Mail::DKIM and with DNS that the test makes up. */
import { generateKeyPairSync } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { outputOf } from '../../../../tools/program.ts';

const program = fileURLToPath(new URL('../../../../../electron/drivers/signers/domainkeys/milter.pl', import.meta.url));
const tool = fileURLToPath(new URL('judge.pl', import.meta.url));

function makeKey(bits: number) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  return {
    pem: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    record: `k=rsa; p=${publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`,
  };
}
const key = makeKey(1024);
const short = makeKey(768);

interface Signature {
  readonly method: 'dkim' | 'domainkeys';
  readonly domain: string;
  readonly selector: string;
  readonly key: string;
  readonly algorithm?: string;
  readonly canonicalization?: string;
  readonly expired?: boolean;
  readonly spoil?: boolean;
}

interface Case {
  readonly head: readonly string[];
  readonly body: string;
  readonly policies: readonly string[];
  readonly dns: Readonly<Record<string, readonly string[] | 'temporary'>>;
  readonly signatures: readonly Signature[];
}

const by = (method: Signature['method'], more: Partial<Signature> = {}): Signature => ({
  method,
  domain: 'author.example',
  selector: 's',
  key: key.pem,
  ...more,
});
const dkim = by('dkim');
const domainKeys = by('domainkeys');
const bad = { spoil: true };
const from = (...more: readonly string[]) => ['From: A <a@author.example>', 'To: b@here.example', 'Subject:x', ...more];
const published = { 's._domainkey.author.example': [key.record] };
const testing = { 's._domainkey.author.example': [`${key.record}; t=y`] };
const signsAll = { '_domainkey.author.example': ['t=n; o=-; n=all mail is signed'] };
const adsp = (text: string) => ({ '_adsp._domainkey.author.example': [`dkim=${text}`] });
const dmarc = (text: string, at = 'author.example') => ({ [`_dmarc.${at}`]: [`v=DMARC1; ${text}`] });

const base = {
  head: from(),
  body: 'Text.\r\n  \r\n',
  policies: ['domainkeys', 'adsp', 'dmarc'],
  dns: {},
  signatures: [],
};
const given = (more: Partial<Case>): Case => ({ ...base, ...more });

/** The table of cases: what is said, the message, and what becomes of it. */
const cases: readonly (readonly [string, Case, string])[] = [
  ['no signature, no policy', given({}), 'none'],
  ['DKIM good', given({ signatures: [dkim], dns: published }), 'pass'],
  ['DomainKeys good', given({ signatures: [domainKeys], dns: published }), 'pass'],
  [
    'DomainKeys good, simple',
    given({ signatures: [by('domainkeys', { canonicalization: 'simple' })], dns: published }),
    'pass',
  ],
  [
    'DomainKeys good, From folded',
    given({ head: ['From: A\r\n <a@author.example>', 'Subject: x'], signatures: [domainKeys], dns: published }),
    'pass',
  ],
  ['both good', given({ signatures: [dkim, domainKeys], dns: published }), 'pass'],
  ['DKIM bad', given({ signatures: [by('dkim', bad)], dns: published }), 'fail'],
  ['DomainKeys bad', given({ signatures: [by('domainkeys', bad)], dns: published }), 'fail'],
  ['two, one bad', given({ signatures: [by('dkim', bad), dkim], dns: published }), 'pass'],
  ['two kinds, one bad', given({ signatures: [domainKeys, by('dkim', bad)], dns: published }), 'pass'],
  ['expired', given({ signatures: [by('dkim', { expired: true })], dns: published }), 'fail'],
  ['expired and good', given({ signatures: [dkim, by('dkim', { expired: true })], dns: published }), 'pass'],
  ['expired, test mode', given({ signatures: [by('dkim', { expired: true })], dns: testing }), 'test'],
  ['expired, key missing', given({ signatures: [by('dkim', { expired: true })] }), 'none'],
  ['key missing', given({ signatures: [dkim] }), 'none'],
  ['key missing, o=-', given({ signatures: [dkim], dns: signsAll }), 'fail'],
  ['key revoked', given({ signatures: [dkim], dns: { 's._domainkey.author.example': ['v=DKIM1; p='] } }), 'none'],
  [
    'key revoked, o=-',
    given({ signatures: [dkim], dns: { 's._domainkey.author.example': ['v=DKIM1; p='], ...signsAll } }),
    'fail',
  ],
  [
    'key too short',
    given({ signatures: [by('dkim', { key: short.pem })], dns: { 's._domainkey.author.example': [short.record] } }),
    'none',
  ],
  [
    'key too short, o=-',
    given({
      signatures: [by('domainkeys', { key: short.pem })],
      dns: { 's._domainkey.author.example': [short.record], ...signsAll },
    }),
    'fail',
  ],
  ['rsa-sha1 in DKIM', given({ signatures: [by('dkim', { algorithm: 'rsa-sha1' })], dns: published }), 'none'],
  [
    'DomainKeys by a key with h=sha256',
    given({ signatures: [domainKeys], dns: { 's._domainkey.author.example': [`h=sha256; ${key.record}`] } }),
    'none',
  ],
  ['key in test mode, bad', given({ signatures: [by('dkim', bad)], dns: testing }), 'test'],
  ['key in test mode, bad, o=-', given({ signatures: [by('dkim', bad)], dns: { ...testing, ...signsAll } }), 'test'],
  ['key in test mode, good', given({ signatures: [dkim], dns: testing }), 'pass'],
  [
    'policy in test mode, bad',
    given({ signatures: [by('domainkeys', bad)], dns: { ...published, '_domainkey.author.example': ['o=-; t=y'] } }),
    'test',
  ],
  [
    'DNS fails for the key',
    given({ signatures: [dkim], dns: { 's._domainkey.author.example': 'temporary' } }),
    'temporary',
  ],
  [
    'DNS fails for the key, o=-',
    given({ signatures: [dkim], dns: { 's._domainkey.author.example': 'temporary', ...signsAll } }),
    'temporary',
  ],
  [
    'DNS fails for an expired key',
    given({ signatures: [by('dkim', { expired: true })], dns: { 's._domainkey.author.example': 'temporary' } }),
    'temporary',
  ],
  ['DNS fails for the policy', given({ dns: { '_domainkey.author.example': 'temporary' } }), 'temporary'],
  ['DNS fails for DMARC', given({ dns: { '_dmarc.author.example': 'temporary' } }), 'temporary'],
  ['o=-', given({ dns: signsAll }), 'fail'],
  ['o=- does not count', given({ dns: signsAll, policies: ['adsp', 'dmarc'] }), 'none'],
  ['o=- and signed by DKIM', given({ dns: { ...published, ...signsAll }, signatures: [dkim] }), 'pass'],
  ['o=~', given({ dns: { '_domainkey.author.example': ['o=~'] } }), 'none'],
  ['o=- in test mode', given({ dns: { '_domainkey.author.example': ['t=y; o=-'] } }), 'test'],
  ['ADSP all', given({ dns: adsp('all') }), 'fail'],
  ['ADSP discardable', given({ dns: adsp('discardable') }), 'fail'],
  ['ADSP unknown', given({ dns: adsp('unknown') }), 'none'],
  ['ADSP does not count', given({ dns: adsp('all'), policies: ['domainkeys'] }), 'none'],
  ['DMARC none', given({ dns: dmarc('p=none') }), 'none'],
  ['DMARC quarantine', given({ dns: dmarc('p=quarantine') }), 'fail'],
  ['DMARC reject', given({ dns: dmarc('p=reject') }), 'fail'],
  ['DMARC reject in test mode', given({ dns: dmarc('p=reject; t=y') }), 'test'],
  ['DMARC does not count', given({ dns: dmarc('p=reject'), policies: ['domainkeys', 'adsp'] }), 'none'],
  [
    'DMARC, two records are none',
    given({ dns: { '_dmarc.author.example': ['v=DMARC1; p=reject', 'v=DMARC1; p=reject'] } }),
    'none',
  ],
  [
    'DMARC, signed by a subdomain, relaxed',
    given({
      dns: { 's._domainkey.news.author.example': [key.record], ...dmarc('p=reject') },
      signatures: [by('dkim', { domain: 'news.author.example' })],
    }),
    'pass',
  ],
  [
    'DMARC, signed by a subdomain, strict',
    given({
      dns: { 's._domainkey.news.author.example': [key.record], ...dmarc('p=reject; adkim=s') },
      signatures: [by('dkim', { domain: 'news.author.example' })],
    }),
    'fail',
  ],
  [
    'DMARC, signed by the parent, strict',
    given({
      head: ['From: a@news.author.example'],
      dns: { ...published, ...dmarc('p=reject; adkim=s') },
      signatures: [dkim],
    }),
    'fail',
  ],
  [
    'signed by the parent',
    given({ head: ['From: a@news.author.example'], dns: published, signatures: [dkim] }),
    'pass',
  ],
  [
    'DMARC of the organization, sp',
    given({ head: ['From: a@news.author.example'], dns: { ...dmarc('p=none; sp=reject'), 'news.author.example': [] } }),
    'fail',
  ],
  [
    'DMARC of the organization, sp=none',
    given({ head: ['From: a@news.author.example'], dns: dmarc('p=reject; sp=none') }),
    'none',
  ],
  [
    'DMARC of the organization, np',
    given({ head: ['From: a@nowhere.author.example'], dns: dmarc('p=none; np=reject') }),
    'fail',
  ],
  [
    'DMARC of the organization, np, of a name that exists',
    given({ head: ['From: a@news.author.example'], dns: { ...dmarc('p=none; np=reject'), 'news.author.example': [] } }),
    'none',
  ],
  [
    'DMARC, the tree ends at psd=n',
    given({
      head: ['From: a@b.news.author.example'],
      dns: { ...dmarc('p=none; psd=n', 'news.author.example'), ...dmarc('p=reject') },
    }),
    'none',
  ],
  [
    'signed by somebody else',
    given({
      signatures: [by('dkim', { domain: 'other.example' })],
      dns: { 's._domainkey.other.example': [key.record] },
    }),
    'none',
  ],
  [
    'badly signed by somebody else',
    given({
      signatures: [by('dkim', { domain: 'other.example', ...bad })],
      dns: { 's._domainkey.other.example': [key.record] },
    }),
    'none',
  ],
  [
    'signed by somebody else, o=-',
    given({
      signatures: [by('dkim', { domain: 'other.example' })],
      dns: { 's._domainkey.other.example': [key.record], ...signsAll },
    }),
    'fail',
  ],
  [
    'two authors, one of them signs all',
    given({ head: ['From: a@author.example, b@other.example'], dns: { '_domainkey.other.example': ['o=-'] } }),
    'fail',
  ],
  [
    'a second From does not hide the first',
    given({ head: ['From: a@author.example', 'From: b@other.example'], dns: signsAll }),
    'fail',
  ],
  [
    'Sender has the policy, not From',
    given({ head: from('Sender: list@other.example'), dns: { '_domainkey.other.example': ['o=-'] } }),
    'fail',
  ],
  ['Sender is another, o=- of From', given({ head: from('Sender: list@other.example'), dns: signsAll }), 'none'],
  ['Sender is another, ADSP of From', given({ head: from('Sender: list@other.example'), dns: adsp('all') }), 'fail'],
  [
    'Sender is another, and signs by DomainKeys',
    given({
      head: from('Sender: list@other.example'),
      signatures: [by('domainkeys', { domain: 'other.example' })],
      dns: { 's._domainkey.other.example': [key.record], '_domainkey.other.example': ['o=-'] },
    }),
    'none',
  ],
  ['no sender at all', given({ head: ['Subject: x'] }), 'none'],
  ['a sender that is no address', given({ head: ['From: \u0007(((<@'] }), 'none'],
  ['a signature that is none', given({ head: ['DKIM-Signature: a=;;=', 'DomainKey-Signature: ', ...from()] }), 'none'],
];

interface Outcome {
  readonly verdict: string;
  readonly why: string;
  readonly field: string | null;
}
const outcomes = new Map<string, Outcome>();

beforeAll(async () => {
  const input = JSON.stringify(cases.map(([, message]) => message));
  const results = JSON.parse(await outputOf(['perl', tool, program], { stdin: input })) as readonly Outcome[];
  for (const [index, [name]] of cases.entries()) {
    const outcome = results[index];
    if (outcome) outcomes.set(name, outcome);
  }
});

test.each(cases)('%s', (name, _message, expected) => {
  expect(outcomes.get(name)).toMatchObject({ verdict: expected });
});

test('says nothing of mail without signature and policy, and what it found of others', () => {
  expect(outcomes.get('no signature, no policy')?.field).toBeNull();
  expect(outcomes.get('two kinds, one bad')?.field).toBe(
    'mx.here.example;\n\tdkim=fail header.d=author.example header.s=s;\n\tdomainkeys=pass header.d=author.example header.s=s',
  );
  expect(outcomes.get('DMARC reject')?.field).toBe('mx.here.example;\n\tdmarc=fail header.from=author.example');
  expect(outcomes.get('DNS fails for the key')?.field).toContain('dkim=temperror');
});
