/** Mail in a steady stream through hosts of the lab, each message verified in the sink: test/lab/load. */
import { fileURLToPath } from 'node:url';
import { outputOf, start } from './program.ts';

const tool = fileURLToPath(new URL('../lab/load', import.meta.url));

export interface LoadResult {
  readonly messages: number;
  /** Of messages that a server did not take at once: what it said. */
  readonly failures: readonly string[];
  /** "HOST NUMBER": taken, and not in the sink. */
  readonly lost: readonly string[];
  readonly twice: number;
  readonly unsigned: readonly string[];
  /** Signed, and no signature of the domain verifies. */
  readonly failing: readonly string[];
  /** How many messages of a domain verify with each selector. */
  readonly selectors: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface Load {
  /** Ends the stream, waits for all of it in the sink, and verifies it by the keys that DNS serves now. */
  end(): Promise<LoadResult>;
}

/** `perSecond`: messages a second over all hosts; `domains`: of each host, which take turns. */
export function startLoad(perSecond: number, domains: Readonly<Record<string, readonly string[]>>): Load {
  const token = crypto.randomUUID();
  const targets = Object.entries(domains).map(([host, names]) => `${host}=${names.join(',')}`);
  const sending = start([tool, 'send', token, String(perSecond), ...targets], { timeoutMs: 900_000 });
  return {
    end: async () => {
      sending.kill('SIGTERM');
      const { code, stdout, stderr } = await sending.ended;
      if (code !== 0) throw new Error(`load: status ${code}: ${stderr}`);
      const { sent, failures } = JSON.parse(stdout) as {
        readonly sent: Readonly<Record<string, number>>;
        readonly failures: readonly string[];
      };
      const counts = Object.entries(sent).map(([host, count]) => `${host}=${count}`);
      const verified = await outputOf([tool, 'verify', token, ...counts], { timeoutMs: 900_000 });
      return { ...(JSON.parse(verified) as Omit<LoadResult, 'failures'>), failures };
    },
  };
}
