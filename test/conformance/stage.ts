/** A host of the lab with a session, as the engine has it: read by drivers, changed by transactions, proved by probes. */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import type { TransactionOutcome } from '../../electron/apply/api.ts';
import { applyChange } from '../../electron/apply/transaction.ts';
import type { DriverPlan, HostReader, InstallKey } from '../../electron/drivers/api.ts';
import { createHostReader } from '../../electron/drivers/kit/host-reader.ts';
import { publicHalf } from '../../electron/drivers/kit/private-key.ts';
import type { Session, Transport } from '../../electron/transport/api.ts';
import { createTransport } from '../../electron/transport/ssh.ts';
import type { Change, KeyScheme, Step } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import { lab, labServer } from '../tools/lab.ts';

interface AnyDriver<F> {
  detect(host: HostReader): Promise<boolean>;
  scan(host: HostReader): Promise<F>;
}

export interface Made {
  readonly key: InstallKey;
  readonly pem: string;
}

interface CarryOptions {
  /** Steps besides those of the plan. */
  readonly extra?: readonly Step[];
  readonly confirm?: () => Promise<Problem | null>;
}

export class Stage {
  readonly host: string;
  readonly #scheme: KeyScheme;
  readonly #transport: Transport;
  readonly #pems = new Map<string, string>();
  #session: Session | null = null;

  constructor(host: string, scheme: KeyScheme = 'dkim') {
    this.host = host;
    this.#scheme = scheme;
    const nothing = async () => null;
    this.#transport = createTransport({
      secrets: { password: nothing, passphrase: nothing, sudoPassword: nothing },
      servers: () => undefined,
    });
  }

  /** A fresh disk. */
  async reset(): Promise<void> {
    this.#session?.close();
    await lab.reset(this.host);
    this.#session = await this.#transport.open((await labServer(this.host)).config);
  }

  end(): void {
    this.#session?.close();
    this.#transport.close();
  }

  get session(): Session {
    if (this.#session === null) throw new Error('no session before the first reset');
    return this.#session;
  }

  /** Output of a script on the host, beside SSH. */
  async script(text: string): Promise<string> {
    const { code, stdout, stderr } = await lab.exec(this.host, ['sh', '-es'], text);
    if (code !== 0) throw new Error(`${this.host}: status ${code}\n${stderr}`);
    return stdout;
  }

  /** What the driver finds now, with nothing known before, and the round trips that it took. */
  async scan<F>(driver: AnyDriver<F>): Promise<{ readonly facts: F; readonly roundTrips: number }> {
    const start = this.session.roundTrips;
    const reader = await createHostReader(this.session);
    if (!(await driver.detect(reader))) throw new Error(`the driver does not see its program on ${this.host}`);
    const facts = await driver.scan(reader);
    return { facts, roundTrips: this.session.roundTrips - start };
  }

  async facts<F>(driver: AnyDriver<F>): Promise<F> {
    return (await this.scan(driver)).facts;
  }

  /** A new key whose private half this stage can install; `like`: the same key for another domain or selector. */
  key(domain: string, selector: string, like?: Made): Made {
    const pem =
      like?.pem ??
      generateKeyPairSync('rsa', { modulusLength: 2048 })
        .privateKey.export({ type: 'pkcs8', format: 'pem' })
        .toString();
    const half = publicHalf(pem);
    if (half === null) throw new Error('not a key');
    const secret = randomUUID();
    this.#pems.set(secret, pem);
    return { key: { domain, selector, scheme: this.#scheme, secret: { secret }, ...half }, pem };
  }

  /** One transaction, as a run carries it out. */
  carryOut(plan: DriverPlan<unknown>, options: CarryOptions = {}): Promise<TransactionOutcome> {
    const change: Change = {
      id: `switch@${this.host}`,
      intent: 'signing-on',
      server: this.host,
      phase: 'switch',
      pending: [randomUUID()],
      domains: [],
      dependsOn: [],
      gates: [],
      requires: plan.requires,
      steps: [...plan.steps, ...(options.extra ?? [])],
      probes: [],
      reason: 'conformance',
    };
    const openSecret = async ({ secret }: { readonly secret: string }) => this.#pems.get(secret) ?? '';
    const confirm = options.confirm === undefined ? {} : { confirm: options.confirm };
    const transaction = { run: randomUUID(), change, who: 'conformance', openSecret, ...confirm };
    return applyChange(this.session, transaction, () => undefined);
  }
}

/** Ways in which a transaction fails: before anything is live, after activation, and when the probe says no. */
export const failures: readonly (readonly [name: string, options: CarryOptions, wasLive: boolean])[] = [
  ['a check fails', { extra: [{ kind: 'command', phase: 'check', argv: ['false'] }] }, false],
  ['a verification fails', { extra: [{ kind: 'command', phase: 'verify', argv: ['false'] }] }, true],
  [
    'the probe fails',
    { confirm: async () => ({ code: 'probe-failed', message: 'no', hint: 'no', severity: 'stop' }) },
    true,
  ],
];
