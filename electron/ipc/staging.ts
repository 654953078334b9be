/** From what is to be staged to pending changes with their keys: common to all wishes that name rows of the table. */
import { randomUUID } from 'node:crypto';
import type { Parsed, StageResult } from '../../shared/contract.ts';
import { parseDomain } from '../../shared/dkim/domain.ts';
import type { DomainChange, DomainIntent, DomainRow, StagedKey } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import { printable } from '../../shared/text.ts';
import type { Addition, StagePlan } from '../planning/stage.ts';
import type { SealedKey } from '../store/api.ts';
import type { KeyRequest } from '../vault/api.ts';
import { generateKeys } from '../vault/generate.ts';
import type { CallContext, Engine } from './engine.ts';
import { rowsOf } from './rows.ts';
import { sealerForNewKeys } from './sealing.ts';
import { pendingRow, serverConfig } from './views.ts';

type Wish = Pick<Parsed<'signing.stage'>, 'targets' | 'server' | 'strict'>;
type Refused = StageResult['refused'];

/** The rows that a wish names, and the names that are no row. */
export function targeted(
  engine: Engine,
  wish: Wish,
): { readonly rows: readonly DomainRow[]; readonly refused: Refused } {
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

export interface Staging {
  readonly plan: StagePlan;
  /** Targets that are no row, and rows that cannot be done. */
  readonly refused: Refused;
}

function keyRequest(need: Addition['needs'][number]): KeyRequest {
  return need.algorithm === 'rsa' && need.bits !== 256
    ? { algorithm: 'rsa', bits: need.bits }
    : { algorithm: 'ed25519' };
}

/** The intent of an addition, with its keys. */
function intentOf({ intent, keep }: Addition, keys: readonly StagedKey[]): DomainIntent {
  return intent.kind === 'signing-on' || intent.kind === 'rotate' ? { ...intent, keys: [...keep, ...keys] } : intent;
}

/** Makes the keys and stages all of it at once. `strict`: one refusal, and nothing is staged. */
export async function stageAll(
  engine: Engine,
  { plan, refused }: Staging,
  strict: boolean,
  { signal }: CallContext,
): Promise<StageResult> {
  if (strict && refused.length > 0) {
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
  const put = plan.additions.map((addition): DomainChange => {
    const { domain, server, needs } = addition;
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
        scheme: need.scheme,
      };
      sealed.push({ key: staged, sealed: sealer.seal(key.privateKeyPem, { server, domain, selector: need.selector }) });
      return staged;
    });
    return { id: randomUUID(), domain, server, createdAt, intent: intentOf(addition, keys) };
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
export function previewAll(engine: Engine, { plan, refused }: Staging): StageResult {
  const createdAt = engine.now().toISOString();
  return {
    staged: plan.additions.map(addition => {
      const { domain, server, needs } = addition;
      const selectors = needs.map(need => need.selector);
      const row = pendingRow({ id: '', domain, server, createdAt, intent: intentOf(addition, []) });
      return { ...row, selectors: [...row.selectors, ...selectors] };
    }),
    cancelled: plan.cancelled,
    unchanged: plan.unchanged,
    refused,
    keys: plan.additions.reduce((sum, addition) => sum + addition.needs.length, 0),
  };
}
