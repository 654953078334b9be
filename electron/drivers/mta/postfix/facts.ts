/** What a scan of Postfix returns: text as `postconf` and `postmap` print it, and the files that lists name. */
import type { ByteString } from '../../../../shared/text.ts';
import type { FileFact } from '../../api.ts';

export interface PostfixFacts {
  readonly instances: readonly InstanceFacts[];
}

export interface InstanceFacts {
  /** As `postmulti -l` names it; "-" is the one that every system has. */
  readonly name: string;
  readonly configDirectory: string;
  /** null: it cannot be read. Absent: of an instance that is not edited. */
  readonly mainCf?: FileFact | null;
  /** Of the parameters below, by name, with `$parameters` expanded. */
  readonly parameters: Readonly<Record<string, string>>;
  /** master.cf settings: "submission/inet/smtpd_milters" -> value. */
  readonly overrides: Readonly<Record<string, string>>;
  /** master.cf services that run in the queue directory: "smtp/inet". */
  readonly chrooted: readonly string[];
  /** Files that stand in a list; null: there is no such file, or it cannot be read. */
  readonly files: Readonly<Record<string, ByteString | null>>;
  /** Keys of the maps that stand in a list, by map ("hash:/etc/postfix/virtual"). */
  readonly maps: Readonly<Record<string, MapFacts>>;
}

export interface MapFacts {
  readonly keys: readonly ByteString[];
  /** What `postmap -s` said where it failed. */
  readonly error: string | null;
}

/** In the order in which their domains are shown. */
export const domainParameters = [
  'mydestination',
  'virtual_mailbox_domains',
  'virtual_alias_domains',
  'relay_domains',
] as const;

export const parameters = [
  ...domainParameters,
  'myhostname',
  'smtpd_milters',
  'non_smtpd_milters',
  'milter_default_action',
  'mynetworks',
  'queue_directory',
  'mail_version',
] as const;
