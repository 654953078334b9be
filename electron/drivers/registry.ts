/** The drivers that are there: each file of signers/, dns/ and mta/ exports one as `driver`. Nothing else names them. */
import type { DnsDriver, Drivers, MtaDriver, SignerDriver } from './api.ts';

interface Module<D> {
  readonly driver: D;
}

function sorted<D extends { readonly id: string }>(modules: Readonly<Record<string, Module<D>>>): readonly D[] {
  return Object.values(modules)
    .map(module => module.driver)
    .sort((one, other) => (one.id < other.id ? -1 : 1));
}

export const registry: Drivers = {
  mta: sorted(import.meta.glob<Module<MtaDriver>>('./mta/*.ts', { eager: true })),
  signers: sorted(import.meta.glob<Module<SignerDriver>>('./signers/*.ts', { eager: true })),
  dns: sorted(import.meta.glob<Module<DnsDriver>>('./dns/*.ts', { eager: true })),
};
