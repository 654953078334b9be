/** What a scan of OpenDKIM returns. No secret is in it: keys are reduced to their public halves, secrets in texts are masked. */
import type { KeyAlgorithm, Sha256 } from '../../../../shared/model.ts';
import type { FileFact, HostFacts, StatFact } from '../../api.ts';

export interface TextFact extends FileFact {
  /** A secret stood in it and was replaced: it must not be written back. */
  readonly masked: boolean;
}

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

export interface OpenDkimFacts {
  readonly server: string;
  readonly version: string | null;
  readonly init: HostFacts['init'];
  readonly service: { readonly name: string; readonly active: boolean };
  /** Words of the daemon's command line after the program. */
  readonly arguments: readonly string[];
  readonly configPath: string;
  /** The configuration and what it includes, by path as named. null: there is no such file. */
  readonly configs: Readonly<Record<string, TextFact | null>>;
  /** Tables and lists that the configuration names, by path. */
  readonly texts: Readonly<Record<string, TextFact | null>>;
  /** Key files that the tables name, by path. null: there is no such file. */
  readonly keys: Readonly<Record<string, KeyFact | null>>;
  /** Every directory on the way to a key, and where new keys and tables can go. */
  readonly directories: Readonly<Record<string, StatFact | null>>;
  /** Files that are there below the place of new keys. */
  readonly present: readonly string[];
  /** Whom the daemon runs as. `exists` is null where nobody could be asked. */
  readonly user: {
    readonly name: string;
    readonly group: string;
    readonly groups: readonly string[];
    readonly exists: boolean | null;
  };
  /** Who else is in the groups that key files and their directories belong to. */
  readonly groupUsers: Readonly<Record<string, readonly string[]>>;
  /** The package's own configuration: its hash as dpkg knows it, and its text where it was moved aside. */
  readonly packaged?: { readonly md5: string | null; readonly aside: TextFact | null };
  /** Postfix beside it, where one is. */
  readonly postfix: { readonly queueDirectory: string; readonly chroot: boolean } | null;
}
