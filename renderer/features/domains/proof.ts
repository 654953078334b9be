/** The three proofs that mail of a domain is signed (the file says so, the daemon says so, DNS serves the key), from a row. */
import type { DomainRow } from '../../../shared/model.ts';

export type Mark = 'yes' | 'no' | 'unknown';

export interface Proof {
  readonly file: Mark;
  readonly daemon: Mark;
  readonly dns: Mark;
  readonly proven: boolean;
}

function dnsMark(row: DomainRow): Mark {
  const used = row.keys.filter(key => key.inUse);
  if (used.some(key => key.published === 'missing' || key.published === 'mismatch')) return 'no';
  if (used.length === 0 || used.some(key => key.published === 'unknown')) return 'unknown';
  return 'yes';
}

export function proofOf(row: DomainRow): Proof {
  const file: Mark = row.signing === 'on' ? 'yes' : 'no';
  const daemon: Mark = row.probe === null ? 'unknown' : row.probe.signed ? 'yes' : 'no';
  const dns = dnsMark(row);
  return { file, daemon, dns, proven: file === 'yes' && daemon === 'yes' && dns === 'yes' };
}
