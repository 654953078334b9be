/**
 * Items in the keychain of the system, through keytar.
 *
 * getPassword gives null for a missing item and for a locked keychain alike, deletePassword false. What tells them apart on every platform,
 * without a D-Bus library: a locked keychain cannot be written. So either is believed only after a probe item was
 * written and removed again. (A Secret Service that can ask does ask for the unlocking, twice at most.) The texts of its
 * errors are translated, and decide nothing but the wording.
 *
 * findCredentials is never called: it crashes the process on a locked keychain.
 */
import type { Items } from './items.ts';
import { problems } from './problems.ts';
import { SignetError } from '../../shared/problem.ts';

const service = 'Signet';
const probe = 'probe';
/** Long enough to answer a dialog; then a dialog that nobody sees (a CI job, an SSH session) is an error. */
const patienceMs = 120_000;

interface Keytar {
  getPassword(service: string, account: string): Promise<string | null>;
  setPassword(service: string, account: string, password: string): Promise<void>;
  deletePassword(service: string, account: string): Promise<boolean>;
}

/** `homeId` keeps the items of one home apart from another's. */
export function keychainItems(homeId: string): Items {
  const account = (name: string) => `${homeId}/${name}`;

  const write = async (keytar: Keytar, name: string, value: string) => {
    try {
      await inTime(keytar.setPassword(service, account(name), value));
    } catch (error) {
      throw writeProblem(error);
    }
  };

  /** Rejects with `vault-locked` unless the keychain can be written now. */
  const requireOpen = async (keytar: Keytar) => {
    await write(keytar, probe, 'written to see whether the keychain is open');
    await reach(keytar.deletePassword(service, account(probe)));
  };

  return {
    kind: 'keychain',
    place: name => `the keychain (service "${service}", account "${account(name)}")`,
    read: async name => {
      const keytar = await load();
      const value = await reach(keytar.getPassword(service, account(name)));
      if (value !== null) return value;
      await requireOpen(keytar);
      // it may have been unlocked only now
      return reach(keytar.getPassword(service, account(name)));
    },
    write: async (name, value) => {
      await write(await load(), name, value);
    },
    remove: async names => {
      const keytar = await load();
      const erase = async () => {
        let all = true;
        for (const name of names) all = (await reach(keytar.deletePassword(service, account(name)))) && all;
        return all;
      };
      // "not deleted" is what a locked keychain says, too
      if (await erase()) return;
      await requireOpen(keytar);
      await erase();
    },
    close: () => {},
  };
}

/** At first use only: a machine without libsecret can still use the passphrase vault. */
async function load(): Promise<Keytar> {
  try {
    const { default: keytar } = await import('keytar');
    return keytar;
  } catch (error) {
    throw problems.unavailable(error);
  }
}

/** Only a service that is not there fails here. */
async function reach<T>(work: Promise<T>): Promise<T> {
  try {
    return await inTime(work);
  } catch (error) {
    throw error instanceof SignetError ? error : problems.unavailable(error);
  }
}

/** The service is there, for it was read before; a session without any keyring is told by its text. */
function writeProblem(error: unknown): SignetError {
  if (error instanceof SignetError) return error;
  const text = error instanceof Error ? error.message : '';
  return /D-Bus|does not exist/i.test(text) ? problems.unavailable(error) : problems.locked(error);
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(problems.locked(new Error(`it did not answer within ${patienceMs / 1000} seconds`))),
    patienceMs,
  );
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
