/** What a scan of BIND finds, as plain JSON. No key and no secret stands in it. */
import type { FileRequirement, Sha256 } from '../../../../shared/model.ts';
import type { Content } from '../../../../shared/text.ts';
import type { Problem } from '../../../../shared/problem.ts';

export interface ZoneFileFact {
  /** As the configuration names it, absolute. */
  readonly path: string;
  readonly real: string;
  readonly mode: number;
  /** "user:group". */
  readonly owner: string;
  readonly sha256: Sha256;
  readonly content: Content;
}

export type ZoneType = 'primary' | 'secondary' | 'in-view' | 'other';

/** What `rndc zonestatus` says. */
export interface ZoneStatus {
  readonly serial: number | null;
  readonly dynamic: boolean;
  readonly frozen: boolean;
  readonly inlineSigned: boolean;
  readonly secure: boolean;
}

/** How updates of a dynamic zone are authorized. The key is looked up on the server when it is used. */
export type UpdateWay =
  | { readonly way: 'local' }
  | { readonly way: 'key'; readonly key: string }
  /** From this host without a key (an address list). */
  | { readonly way: 'address' };

/** A TXT, CNAME, DNAME, NS or SOA record of a dynamic zone: it is in no text that can be read. */
export interface DynamicRecord {
  readonly owner: string;
  readonly ttl: number;
  readonly type: string;
  readonly rdata: string;
}

export interface ZoneFact {
  /** Canonical. */
  readonly name: string;
  readonly view: string;
  readonly type: ZoneType;
  /** The word of the configuration: "hint", "forward", "mirror", ... */
  readonly typeWord: string;
  /** Absolute; null: it keeps none. */
  readonly file: string | null;
  readonly format: string;
  readonly primaries: readonly string[];
  /** null: named does not know it, or has not loaded it; `statusText` says what it answered (empty: nothing). */
  readonly status: ZoneStatus | null;
  readonly statusText: string;
  /** What `named-checkconf -z` has against it today; null: nothing. */
  readonly loadError: string | null;
  /** Names and values of $INCLUDE directives, and the absolute path of each: keys of `files`. */
  readonly includes: Readonly<Record<string, string>>;
  readonly updates: UpdateWay | null;
  readonly inlineSigning: boolean;
  readonly catalog: boolean;
  readonly records: readonly DynamicRecord[] | null;
}

export interface BindFacts {
  readonly version: string | null;
  readonly running: boolean;
  /** Seconds on the server's clock. */
  readonly now: number;
  readonly configuration: string | null;
  /** named's working directory: relative paths of zone files and of $INCLUDE are below it. */
  readonly directory: string;
  /** Where this host reaches named. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly hasViews: boolean;
  readonly requires: readonly FileRequirement[];
  readonly zones: readonly ZoneFact[];
  /** Zone files and included files, by absolute path. */
  readonly files: Readonly<Record<string, ZoneFileFact>>;
  readonly problems: readonly Problem[];
}

export const defaultView = '_default';
