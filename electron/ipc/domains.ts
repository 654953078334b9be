/** The domain table, and what is staged for its rows. */
import { randomUUID } from 'node:crypto';
import type { Parsed, StageResult } from '../../shared/contract.ts';
import { parseDomain } from '../../shared/dkim/domain.ts';
import type { DomainRow, PendingChange, SigningOnIntent, StagedKey } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import { printable } from '../../shared/text.ts';
import { domainRows } from '../planning/rows.ts';
import type { Addition, StagePlan } from '../planning/stage.ts';
import { stage } from '../planning/stage.ts';
import type { SealedKey } from '../store/api.ts';
import type { KeyRequest } from '../vault/api.ts';
import { generateKeys } from '../vault/generate.ts';
import type { CallContext, Engine, Handlers } from './engine.ts';
import { sealerForNewKeys } from './sealing.ts';
import { pendingRow, planningContext, serverConfig } from './views.ts';

export function rowsOf(engine: Engine, server?: string): readonly DomainRow[] {
  const context = planningContext(engine);
  const pending = new Map<string, string[]>();
  for (const change of engine.store.pending.list()) {
    const key = `${change.domain}\n${change.server}`;
    pending.set(key, [...(pending.get(key) ?? []), change.id]);
  }
  const probes = new Map(
    engine.store.probes
      .list()
      .map(probe => [`${probe.domain}\n${probe.server}`, { signed: probe.signed, at: probe.at }]),
  );
  return domainRows(
    {
      ...context,
      pending: (domain, name) => pending.get(`${domain}\n${name}`) ?? [],
      probe: (domain, name) => probes.get(`${domain}\n${name}`) ?? null,
    },
    server,
  );
}

type Wish = Parsed<'signing.stage'>;
type Refused = StageResult['refused'];

/** The rows that a wish names, and the names that are no row. */
function targeted(engine: Engine, wish: Wish): { readonly rows: readonly DomainRow[]; readonly refused: Refused } {
  if (wish.server !== undefined) serverConfig(engine, wish.server);
  const rows = rowsOf(engine, wish.server);
  if (wish.targets === 'all') return { rows, refused: [] };
  const byDomain = Map.groupBy(rows, row => row.domain);
  const chosen = new Map<string, DomainRow>();
  const refused: { domain?: string; server?: string; problem: Problem }[] = [];
  for (const target of wish.targets) {
    const parsed = parseDomain(target.domain);
    if (!parsed.ok) {
      const shown = printable(target.domain, 80);
      refused.push({
        problem: {
          code: parsed.fault.code,
          message: `"${shown}": ${parsed.fault.message}`,
          hint: 'A mail domain: example.com, or its IDN form.',
          severity: 'stop',
        },
      });
      continue;
    }
    const domain = parsed.value.ascii;
    if (target.server !== undefined) serverConfig(engine, target.server);
    const hits = (byDomain.get(domain) ?? []).filter(
      row => target.server === undefined || row.server === target.server,
    );
    for (const row of hits) chosen.set(`${row.domain}\n${row.server}`, row);
    if (hits.length > 0) continue;
    const place = target.server ?? wish.server;
    refused.push({
      domain,
      problem: {
        code: 'unknown-domain',
        message: `${domain} is hosted on no server${place === undefined ? '' : ` named ${place}`} that Signet has scanned.`,
        hint: 'Scan the server, or give it the domain if its list cannot be read: signet domains shows all.',
        severity: 'stop',
        domain,
      },
    });
  }
  return { rows: [...chosen.values()], refused };
}

function staging(engine: Engine, wish: Wish): { readonly plan: StagePlan; readonly refused: Refused } {
  const { rows, refused } = targeted(engine, wish);
  const settings = engine.store.settings.get();
  const plan = stage(
    planningContext(engine),
    rows,
    engine.store.pending.list(),
    {
      action: wish.action,
      key: wish.key ?? settings.keySpec,
      selector: wish.selector,
      scheme: wish.scheme,
      policy: wish.policy,
      dmarc: wish.dmarc,
      graceHours: wish.graceHours ?? settings.graceHours,
    },
    engine.now(),
  );
  return { plan, refused: [...refused, ...plan.refused] };
}

function keyRequest(need: Addition['needs'][number]): KeyRequest {
  return need.algorithm === 'rsa' && need.bits !== 256
    ? { algorithm: 'rsa', bits: need.bits }
    : { algorithm: 'ed25519' };
}

async function stageSigning(engine: Engine, wish: Wish, { signal }: CallContext): Promise<StageResult> {
  const { plan, refused } = staging(engine, wish);
  if (wish.strict && refused.length > 0) {
    return { staged: [], cancelled: [], unchanged: plan.unchanged, refused, keys: 0 };
  }
  const requests = plan.additions.flatMap(addition => addition.needs.map(keyRequest));
  // the vault is asked first: keys that cannot be sealed are not made
  const sealer = requests.length > 0 ? await sealerForNewKeys(engine) : null;
  let done = 0;
  const made = await generateKeys(requests, {
    signal,
    onKey: () => {
      done += 1;
      engine.emit({ type: 'staging', done, total: requests.length });
    },
  });
  const createdAt = engine.now().toISOString();
  const sealed: SealedKey[] = [];
  let next = 0;
  const put = plan.additions.map(({ domain, server, intent, needs, keep }): PendingChange => {
    const base = { id: randomUUID(), domain, server, createdAt };
    if (intent.kind !== 'signing-on') return { ...base, intent };
    const keys = needs.map((need): StagedKey => {
      const key = made[next];
      next += 1;
      if (key === undefined || sealer === null) throw new Error('a key is missing');
      const staged = {
        ref: { secret: randomUUID() },
        domain,
        server,
        selector: need.selector,
        algorithm: key.algorithm,
        bits: key.bits,
        publicKey: key.publicKey,
      };
      sealed.push({ key: staged, sealed: sealer.seal(key.privateKeyPem, { server, domain, selector: need.selector }) });
      return staged;
    });
    const whole: SigningOnIntent = { ...intent, keys: [...keep, ...keys] };
    return { ...base, intent: whole };
  });
  if (put.length > 0 || plan.drops.length > 0) {
    engine.store.pending.edit({ drop: plan.drops, put, keys: sealed });
    engine.emit({ type: 'changed', what: 'pending' });
  }
  return {
    staged: put.map(pendingRow),
    cancelled: plan.cancelled,
    unchanged: plan.unchanged,
    refused,
    keys: sealed.length,
  };
}

/** What staging would do, without making a key. Rows to be staged have no id yet. */
function previewSigning(engine: Engine, wish: Wish): StageResult {
  const { plan, refused } = staging(engine, wish);
  const createdAt = engine.now().toISOString();
  return {
    staged: plan.additions.map(({ domain, server, intent, needs, keep }) => {
      const selectors = needs.map(need => need.selector);
      const row = pendingRow({
        id: '',
        domain,
        server,
        createdAt,
        intent: intent.kind === 'signing-on' ? { ...intent, keys: keep } : intent,
      });
      return { ...row, selectors: [...row.selectors, ...selectors] };
    }),
    cancelled: plan.cancelled,
    unchanged: plan.unchanged,
    refused,
    keys: plan.additions.reduce((sum, addition) => sum + addition.needs.length, 0),
  };
}

export const domainHandlers: Handlers = {
  'domains.list': (engine, { server }) => {
    if (server !== undefined) serverConfig(engine, server);
    return rowsOf(engine, server);
  },
  'signing.preview': previewSigning,
  'signing.stage': stageSigning,
};
