/** The cases of incoming mail, as data: each is a sender domain of its own in DNS, and a message from it. */

type Scheme = 'dkim' | 'domainkeys';

export interface InboundCase {
  /** The sender domain is this label below sender.example. */
  readonly id: string;
  readonly scheme: Scheme | null;
  /** As the table says it. */
  readonly what: string;
  readonly signatures: readonly {
    readonly bad?: true;
    readonly expired?: true;
  }[];
  /** TXT of the key at k1._domainkey; "KEY" stands for the public key; null: none. */
  readonly key: string | null;
  /** The name server of the domain does not answer. */
  readonly dnsFails?: true;
  /** Other TXT, by the label before the domain. */
  readonly policies?: Readonly<Record<string, string>>;
}

const key = 'k=rsa; p=KEY';
const good = {};
const bad = { bad: true } as const;

function signed(scheme: Scheme): readonly InboundCase[] {
  const of = (id: string, what: string, more: Partial<InboundCase>): InboundCase => ({
    id: `${scheme}-${id}`,
    scheme,
    what,
    signatures: [good],
    key,
    ...more,
  });
  return [
    of('good', 'signature good', {}),
    of('bad', 'signature bad', { signatures: [bad] }),
    // RFC 4870 has no expiration
    ...(scheme === 'dkim' ? [of('expired', 'signature expired', { signatures: [{ expired: true }] })] : []),
    of('two', 'two signatures, one bad', { signatures: [good, bad] }),
    of('revoked', 'key revoked', { key: 'k=rsa; p=' }),
    of('missing', 'key missing', { key: null }),
    of('dns', 'DNS failing', { dnsFails: true }),
    of('test', 'signature bad, key in test mode (`t=y`)', { signatures: [bad], key: `t=y; ${key}` }),
    of('good-all', 'signature good, policy `o=-`', { policies: { _domainkey: 'o=-' } }),
  ];
}

function unsigned(id: string, what: string, policies: Readonly<Record<string, string>>): InboundCase {
  return { id: `none-${id}`, scheme: null, what: `no signature, ${what}`, signatures: [], key, policies };
}

export const inboundCases: readonly InboundCase[] = [
  ...signed('dkim'),
  ...signed('domainkeys'),
  unsigned('plain', 'no policy', {}),
  unsigned('some', 'policy `o=~`', { _domainkey: 'o=~' }),
  unsigned('all', 'policy `o=-`', { _domainkey: 'o=-' }),
  unsigned('testing', 'policy `o=-` in test mode (`t=y`)', { _domainkey: 't=y; o=-' }),
  unsigned('adsp', 'ADSP `discardable`', { '_adsp._domainkey': 'dkim=discardable' }),
  unsigned('dmarc', 'DMARC `p=reject`', { _dmarc: 'v=DMARC1; p=reject' }),
  unsigned('dmarc-none', 'DMARC `p=none`', { _dmarc: 'v=DMARC1; p=none' }),
];
