/** What becomes of the sender's policies when signing changes. Pure. Law 2: published last, withdrawn first. */
import type { AdspWish, DmarcWish, PolicyWish, RecordEffect, TxtRRset } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import { dmarcRecords, mergeDmarc, parseDmarc } from '../../shared/dkim/dmarc.ts';
import { adspName, dmarcName, policyName } from '../../shared/dkim/names.ts';
import {
  adspRecord,
  parseAdsp,
  parseDomainKeysPolicy,
  signAllPolicy,
  signSomePolicy,
} from '../../shared/dkim/policies.ts';
import { condemnedBy } from './condemned.ts';
import type { PlanningContext } from './goals.ts';
import type { Location } from './location.ts';
import { presentAt } from './location.ts';

export interface PolicyGoal {
  readonly records: readonly RecordEffect[];
  readonly problems: readonly Problem[];
}

interface PolicyWishes {
  readonly policy: PolicyWish;
  /** Absent: kept. */
  readonly adsp?: AdspWish;
  readonly dmarc: DmarcWish;
}

interface Wish extends PolicyWishes {
  /** Mail of the domain will be signed by this server afterwards. */
  readonly signing: boolean;
}

export function isStrictAdsp(wish: AdspWish | undefined): wish is 'all' | 'discardable' {
  return wish === 'all' || wish === 'discardable';
}

/** Whether the wish condemns mail that is not signed. */
export function isStrict({ policy, adsp, dmarc }: PolicyWishes): boolean {
  return policy === 'sign-all' || isStrictAdsp(adsp) || dmarc === 'quarantine' || dmarc === 'reject';
}

type Fail = { readonly refused: Problem };

/** The policy records to change for a domain, or why it cannot be done. */
export function policyGoal(
  context: PlanningContext,
  location: Location,
  domain: string,
  server: string,
  wish: Wish,
): PolicyGoal | Fail {
  const records: RecordEffect[] = [];
  const problems: Problem[] = [];
  const place = {
    server: location.kind === 'managed' ? location.server : null,
    zone: location.zone,
  };
  if (isStrict(wish)) problems.push(...condemnedBy(context, location, domain, server));

  const edit = (name: string, decide: (present: TxtRRset | null) => readonly string[] | null | 'keep' | Problem) => {
    const present = presentAt(context.fleet, location, name, server);
    if ('problem' in present) return present.problem;
    const values = decide(present.rrset);
    if (values === 'keep') return null;
    if (values !== null && 'code' in values) return values;
    const after = values === null ? null : { name, ttl: present.rrset?.ttl ?? null, values };
    if (JSON.stringify(after?.values ?? null) === JSON.stringify(present.rrset?.values ?? null)) return null;
    return { ...place, name, before: present.rrset, after };
  };
  const add = (phase: 'withdraw' | 'policy', outcome: ReturnType<typeof edit>): Fail | null => {
    if (outcome === null) return null;
    if ('code' in outcome) return { refused: { ...outcome, domain } };
    records.push({ phase, ...outcome });
    return null;
  };

  // withdrawing: what the wish says, and whatever would condemn mail that is no longer signed
  const withdraw = wish.policy === 'none' || (!wish.signing && wish.policy !== 'sign-all');
  if (withdraw) {
    const failed = add(
      'withdraw',
      edit(policyName(domain), present => withdrawnPolicy(present)),
    );
    if (failed !== null) return failed;
  }
  const adsp = isStrictAdsp(wish.adsp) && wish.signing ? wish.adsp : null;
  if (adsp !== null || withdraw || wish.adsp === 'none') {
    const failed = add(
      adsp === null ? 'withdraw' : 'policy',
      edit(adspName(domain), present =>
        adsp === null ? withdrawnAdsp(present) : publishedAdsp(present, adsp, adspName(domain)),
      ),
    );
    if (failed !== null) return failed;
  }
  if (wish.policy === 'sign-all' && wish.signing) {
    const failed = add(
      'policy',
      edit(policyName(domain), present => publishedPolicy(present, domain)),
    );
    if (failed !== null) return failed;
  }
  if (wish.dmarc !== 'keep') {
    const dmarc = wish.dmarc;
    const failed = add(
      dmarc === 'none' ? 'withdraw' : 'policy',
      edit(dmarcName(domain), present => publishedDmarc(present, dmarc, domain)),
    );
    if (failed !== null) return failed;
  } else if (!wish.signing) {
    const condemns = dmarcCondemns(context, location, domain, server);
    if (condemns !== null) problems.push(condemns);
  }
  return { records, problems };
}

/** `o=-` goes; every other tag, and a policy that says nothing of the kind, stays. A record that says nothing else goes whole. */
function withdrawnPolicy(present: TxtRRset | null): readonly string[] | null | 'keep' {
  if (present === null) return 'keep';
  const [value] = present.values;
  if (value === undefined || present.values.length > 1) return 'keep';
  const policy = parseDomainKeysPolicy(value);
  if (policy === null || !policy.signsAll) return 'keep';
  return value.replace(/[\s;]/g, '') === 'o=-' ? null : [signSomePolicy(value)];
}

function withdrawnAdsp(present: TxtRRset | null): readonly string[] | 'keep' {
  const [value] = present?.values ?? [];
  if (value === undefined) return 'keep';
  const practice = parseAdsp(value);
  return practice === 'all' || practice === 'discardable' ? [adspRecord('unknown')] : 'keep';
}

function publishedPolicy(present: TxtRRset | null, domain: string): readonly string[] | 'keep' | Problem {
  const values = present?.values ?? [];
  if (values.length > 1) return several(policyName(domain));
  const [value = null] = values;
  if (value !== null && parseDomainKeysPolicy(value)?.signsAll === true) return 'keep';
  return [signAllPolicy(value)];
}

/** What else stands at the name (a wildcard's text) stays: receivers pass it over. */
function publishedAdsp(
  present: TxtRRset | null,
  practice: 'all' | 'discardable',
  name: string,
): readonly string[] | 'keep' | Problem {
  const values = present?.values ?? [];
  const records = values.filter(value => parseAdsp(value) !== null);
  if (records.length > 1) return several(name);
  const [record = null] = records;
  if (record === null) return [...values, adspRecord(practice)];
  if (parseAdsp(record) === practice) return 'keep';
  return values.map(value => (value === record ? adspRecord(practice) : value));
}

/** Records at `_dmarc` that are not DMARC stay where they are. */
function publishedDmarc(
  present: TxtRRset | null,
  wish: Exclude<DmarcWish, 'keep'>,
  domain: string,
): readonly string[] | 'keep' | Problem {
  const values = present?.values ?? [];
  const records = dmarcRecords(values);
  if (records.length > 1) return several(dmarcName(domain));
  const [record = null] = records;
  if (wish === 'none' && record === null) return 'keep';
  const merged = mergeDmarc(record, wish);
  if (merged === record) return 'keep';
  return record === null ? [...values, merged] : values.map(value => (value === record ? merged : value));
}

function several(name: string): Problem {
  return {
    code: 'several-policies',
    message: `${name} has more than one policy record: receivers use either or none.`,
    hint: 'Leave one of them in the zone, scan again, and plan anew.',
    severity: 'stop',
  };
}

function dmarcCondemns(context: PlanningContext, location: Location, domain: string, server: string): Problem | null {
  const present = presentAt(context.fleet, location, dmarcName(domain), server);
  const [record] = dmarcRecords('rrset' in present ? (present.rrset?.values ?? []) : []);
  const policy = record === undefined ? 'none' : (parseDmarc(record)?.policy ?? 'none');
  if (policy === 'none') return null;
  return {
    code: 'dmarc-condemns-unsigned',
    message: `${domain} has the DMARC policy p=${policy}: once its mail is not signed, only SPF keeps it from being condemned.`,
    hint: 'Relax it in the same step (--dmarc none), or acknowledge this if SPF covers every sender.',
    severity: 'stop',
    overridable: true,
    domain,
    server,
  };
}
