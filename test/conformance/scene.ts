/**
 * What a driver brings for the conformance suites: a host of the lab where its software runs, and how to make there what a
 * suite needs. One file in scenes/ for each driver, exporting `scene`; a registered driver without one fails its suite.
 * Scripts are POSIX sh, run as root on the host with `sh -e`.
 */

import type { KeyScheme } from '../../shared/model.ts';

interface Place {
  /** The driver's id. */
  readonly driver: string;
  /** The suites reset it and change it: nothing else of the lab may use it. */
  readonly host: string;
}

export interface GivenKey {
  readonly domain: string;
  readonly selector: string;
  /** The private key, PKCS #8. */
  readonly pem: string;
}

export interface TxtLine {
  /** Absolute, without the final dot. */
  readonly name: string;
  readonly value: string;
}

export interface SignerScene extends Place {
  readonly kind: 'signer';
  /** Twenty mail domains of the host or more. None is signed after a reset. */
  readonly domains: readonly string[];
  /** What it signs with. */
  readonly scheme: KeyScheme;
  /** Brings the signer to a fresh host that does not have it. */
  readonly setUp?: () => Promise<void>;
  /** Makes DNS serve key records of these domains, without any driver. */
  serve(records: readonly TxtLine[]): string;
  /** Puts a key there as an admin would have it: the signer's configuration names it, and no mail is signed with it. */
  give(key: GivenKey): string;
  /** Puts control characters wherever the configuration has room for them. The daemon need not live. */
  readonly hostile: string;
}

export interface DnsScene extends Place {
  readonly kind: 'dns';
  /** On a fresh host: makes the zones below that it does not have. */
  readonly setUp: string;
  /** Zones that can be edited, of every style that the driver knows. */
  readonly zones: readonly string[];
  /** Leaves the server with one zone of each style. */
  readonly few: string;
  /** Zones that must be refused, with the code of the reason. */
  readonly refused: Readonly<Record<string, string>>;
  /** Breaks a zone as it is kept on disk; the server goes on with the old one. */
  readonly broken: { readonly zone: string; readonly script: string };
  /** Puts control characters wherever zones and configuration have room for them. */
  readonly hostile: string;
  /** Prints what the server keeps of a zone: its file, or its records where no file says what it holds. */
  source(zone: string): string;
  /** Puts a line in the syntax of a zone file into the zone, as an admin would, without any driver, and has it served. */
  paste(zone: string, line: string): string;
}

export interface MtaScene extends Place {
  readonly kind: 'mta';
  /** Exactly the domains that the host has mail for. */
  readonly domains: readonly string[];
  /** Leaves the host with one of them. */
  readonly few: string;
  /** Puts names with control characters into each list of domains. */
  readonly hostile: string;
}

export type Scene = SignerScene | DnsScene | MtaScene;

const modules = import.meta.glob<{ readonly scene: Scene }>('./scenes/*.ts', { eager: true });
const scenes = Object.values(modules).map(module => module.scene);

interface Case<D, S> {
  readonly driver: D;
  readonly scene: S;
}

/** Each driver with its scene, and the ids of those that have none. */
export function casesOf<D extends { readonly id: string }, K extends Scene['kind']>(
  kind: K,
  drivers: readonly D[],
): { readonly cases: readonly Case<D, Extract<Scene, { kind: K }>>[]; readonly without: readonly string[] } {
  const cases = drivers.flatMap(driver =>
    scenes
      .filter((scene): scene is Extract<Scene, { kind: K }> => scene.kind === kind && scene.driver === driver.id)
      .map(scene => ({ driver, scene })),
  );
  const found = new Set(cases.map(({ driver }) => driver.id));
  return { cases, without: drivers.map(({ id }) => id).filter(id => !found.has(id)) };
}
