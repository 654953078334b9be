import type { PendingRow } from '../../../shared/contract.ts';
import type { DomainKey, DomainRow } from '../../../shared/model.ts';
import { Badge } from '../../components/basics.tsx';
import { Icon } from '../../components/icon.tsx';
import { severityIcons } from '../../components/problem.tsx';
import { texts } from '../../texts.ts';
import { keysThatCount } from './filter.ts';
import type { Mark } from './proof.ts';
import { proofOf } from './proof.ts';

export type SigningState = 'on' | 'off' | 'not-allowed';

export function signingState(row: DomainRow): SigningState {
  return row.signing === 'unavailable' || !row.allowSigning ? 'not-allowed' : row.signing;
}

const stateIcons = { on: 'check', off: 'dash', 'not-allowed': 'lock' } as const;

export function SigningCell({ row }: { readonly row: DomainRow }) {
  const state = signingState(row);
  return (
    <span className={`signing ${state}`}>
      <Icon name={stateIcons[state]} />
      {texts.signing[state]}
    </span>
  );
}

const markIcons = { yes: 'check', no: 'cross', unknown: 'question' } as const;

export function MarkIcon({ mark }: { readonly mark: Mark }) {
  return (
    <span className={`mark ${mark}`}>
      <Icon name={markIcons[mark]} />
    </span>
  );
}

/** Three marks: the file, the daemon, DNS. Where nothing is signed there is nothing to prove. */
export function ProofCell({ row }: { readonly row: DomainRow }) {
  if (row.signing !== 'on') return <span className="visually-hidden">{texts.proof.none}</span>;
  const { file, daemon, dns } = proofOf(row);
  const label = texts.proof.summary(file, daemon, dns);
  return (
    <span className="marks" role="img" aria-label={label} title={label}>
      <MarkIcon mark={file} />
      <MarkIcon mark={daemon} />
      <MarkIcon mark={dns} />
    </span>
  );
}

export function keyName(key: Pick<DomainKey, 'algorithm' | 'bits'>): string {
  if (key.algorithm === 'unknown') return texts.keyUnknown;
  return key.algorithm === 'ed25519' ? 'Ed25519' : `RSA ${key.bits ?? '?'}`;
}

export function isWeak(key: Pick<DomainKey, 'algorithm' | 'bits'>): boolean {
  return key.algorithm === 'rsa' && key.bits !== null && key.bits < 2048;
}

export function KeyCell({ row }: { readonly row: DomainRow }) {
  const keys = keysThatCount(row);
  const first = keys[0];
  if (!first) return null;
  const isIdle = !first.inUse;
  return (
    <span className={isIdle ? 'muted' : isWeak(first) ? 'weak' : ''}>
      {keyName(first)}
      {keys.length > 1 && <span className="muted"> +{keys.length - 1}</span>}
    </span>
  );
}

/** The shortest true words for the policies: what receivers are told to do with unsigned mail. */
export function policyWords(row: DomainRow): string {
  const { domainkeys, adsp, dmarc } = row.policy;
  const words: string[] = [];
  if (domainkeys) words.push(/(^|;)\s*o=-/.test(domainkeys) ? texts.policy.all : texts.policy.some);
  if (adsp) words.push(`ADSP ${/dkim=(\w+)/.exec(adsp)?.[1] ?? ''}`.trim());
  if (dmarc) words.push(`DMARC ${/(?:^|;)\s*p=(\w+)/.exec(dmarc)?.[1] ?? ''}`.trim());
  return words.join(', ');
}

export function ZoneCell({ row }: { readonly row: DomainRow }) {
  if (!row.zone.server) return <span className="muted">{texts.zone.external}</span>;
  return (
    <>
      {row.zone.kind} <span className="muted">{texts.zone.on(row.zone.server)}</span>
    </>
  );
}

export function PendingCell(props: { readonly row: DomainRow; readonly byId: ReadonlyMap<string, PendingRow> }) {
  const { pending } = props.row;
  const first = pending[0];
  if (first === undefined) return null;
  const intent = props.byId.get(first)?.intent;
  return (
    <Badge tone="pending">
      {intent ? texts.intents[intent] : texts.pendingCount(pending.length)}
      {intent && pending.length > 1 ? ` +${pending.length - 1}` : ''}
    </Badge>
  );
}

export function ProblemsCell({ row }: { readonly row: DomainRow }) {
  const worst =
    row.problems.find(problem => problem.severity === 'stop') ??
    row.problems.find(problem => problem.severity === 'warning') ??
    row.problems[0];
  if (!worst) return null;
  return (
    <span className={`problems-cell ${worst.severity}`} title={row.problems.map(problem => problem.message).join('\n')}>
      <Icon name={severityIcons[worst.severity]} />
      <span className="cut">{texts.problemWords(worst.code)}</span>
      {row.problems.length > 1 && <span className="muted"> +{row.problems.length - 1}</span>}
    </span>
  );
}
