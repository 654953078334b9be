/** What a scan of the milter returns. No secret is in it: keys are reduced to their public halves. */
import type { KeyAlgorithm, Sha256 } from '../../../../shared/model.ts';
import type { FileFact, HostFacts } from '../../api.ts';

export interface KeyFact {
  readonly path: string;
  readonly real: string;
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
  /** null: it is only going to be there. */
  readonly sha256: Sha256 | null;
  readonly algorithm: KeyAlgorithm | 'unknown';
  readonly bits: number | null;
  readonly publicKey: string | null;
}

export interface DomainKeysFacts {
  readonly server: string;
  readonly init: HostFacts['init'];
  readonly running: boolean;
  /** Its parts, by path: configuration, table, program, units, script. null: there is no such file. */
  readonly files: Readonly<Record<string, FileFact | null>>;
  /** Key files, by path: what the table names, and what else is in the directory of the keys. null: there is no such file. */
  readonly keys: Readonly<Record<string, KeyFact | null>>;
}
