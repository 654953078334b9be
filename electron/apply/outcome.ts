/** What the runner's `follow` prints, read; and its codes as problems. Text of servers becomes printable here. */
import type { TransactionOutcome, TransactionState } from './api.ts';
import type { Problem } from '../../shared/problem.ts';
import { printable } from '../../shared/text.ts';

/** `lost`: the output has no end, so that nothing is known. */
export type Report =
  | { readonly kind: 'absent' }
  | { readonly kind: 'held' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'over'; readonly outcome: TransactionOutcome };

interface Explanation {
  readonly what: string;
  readonly hint: string;
}

const nothingDone = 'The server is as it was before.';

const explanations: Readonly<Record<string, Explanation>> = {
  stale: {
    what: 'the server is not as the plan found it',
    hint: 'Nothing was touched. Scan the server and make a new plan.',
  },
  locked: {
    what: 'another transaction holds the lock',
    hint: 'Wait until it has ended, then resume the run.',
  },
  'lock-failed': { what: 'the lock could not be taken', hint: 'Look at /run/lock on the server.' },
  'disk-full': { what: 'the disk is full', hint: `${nothingDone} Make room there, then resume the run.` },
  'read-only': {
    what: 'the file system is read-only',
    hint: `${nothingDone} Mount it for writing, then resume the run.`,
  },
  'package-manager-locked': {
    what: 'the package manager is busy: another program holds its lock',
    hint: `${nothingDone} Wait until that has ended (apt list --upgradable, unattended-upgrades), then resume the run.`,
  },
  'package-missing': {
    what: 'a package that is needed is in none of its package sources',
    hint: `${nothingDone} Add a source that has it (Debian: main), or install it by hand, then scan and plan again.`,
  },
  'package-offline': {
    what: 'its package sources cannot be reached',
    hint: `${nothingDone} Let it reach its mirror, or install the package by hand, then scan and plan again.`,
  },
  'package-manager-absent': {
    what: 'it has no apt-get',
    hint: `${nothingDone} Install the package by hand, then scan and plan again.`,
  },
  'package-failed': {
    what: 'a package could not be installed',
    hint: 'Nothing but that was begun. See what apt-get says on the server (apt-get install -f), then plan again.',
  },
  'file-busy': {
    what: 'a file cannot be replaced because something is mounted over it',
    hint: `${nothingDone} A file that is a mount point (a container's, for example) has to be changed where it comes from.`,
  },
  'write-failed': { what: 'a file could not be written', hint: nothingDone },
  'same-file-twice': {
    what: 'two paths of the change are links to one file',
    hint: `${nothingDone} Let the configuration name the file by one path.`,
  },
  'check-failed': { what: 'a check refused the new files', hint: `${nothingDone} Nothing was live yet.` },
  'activate-failed': { what: 'a daemon did not take the new files', hint: nothingDone },
  'verify-failed': { what: 'what came out is not what was planned', hint: nothingDone },
  'records-failed': { what: 'a change of DNS records was refused', hint: nothingDone },
  'command-timeout': { what: 'a command did not end in time', hint: nothingDone },
  interrupted: { what: 'the transaction was told to end', hint: `${nothingDone} Resume the run.` },
  crashed: { what: 'the transaction was cut off (a kill, a reboot)', hint: `${nothingDone} Resume the run.` },
  'taken-back': { what: 'it was taken back', hint: nothingDone },
  unconfirmed: {
    what: 'nobody confirmed in time that the result works',
    hint: `${nothingDone} The connection was lost for too long. Resume the run.`,
  },
  'rollback-incomplete': {
    what: 'what was done could not be taken back wholly',
    hint: 'Look at the files named. Their old contents are below /var/lib/signet on the server.',
  },
  'shell-unsupported': { what: 'its /bin/sh cannot be used', hint: 'Signet works with dash, bash and BusyBox ash.' },
  'run-directory-unwritable': {
    what: 'the run directory cannot be written',
    hint: 'Nothing was touched. See /var/lib/signet.',
  },
};

const states: readonly string[] = ['applied', 'rolled-back', 'stale', 'failed'] satisfies TransactionState[];

function isState(text: string): text is TransactionState {
  return states.includes(text);
}

/** UTF-8 where the bytes are UTF-8: messages of servers are for reading only. */
function readable(bytes: string, limit?: number): string {
  return printable(Buffer.from(bytes, 'latin1').toString('utf8'), limit);
}

function transactionProblem(server: string, code: string, detail: string, files: readonly string[] = []): Problem {
  const known = explanations[code] ?? { what: `it failed (${code})`, hint: nothingDone };
  const which =
    files.length === 0
      ? ''
      : `: ${files.slice(0, 5).join(', ')}${files.length > 5 ? ` and ${files.length - 5} more` : ''}`;
  const said = detail === '' || detail === '-' || code === 'stale' ? '' : ` (${detail})`;
  const [file] = files;
  return {
    code,
    message: `${server}: ${known.what}${said}${which}`,
    hint: known.hint,
    severity: 'stop',
    server,
    ...(file === undefined ? {} : { file }),
  };
}

/** Lines of standard output as they come. */
export class ReportReader {
  readonly #server: string;
  readonly #onProgress: (message: string) => void;
  #report: Report = { kind: 'lost' };
  #ending: readonly [state: TransactionState, code: string, detail: string] | null = null;
  readonly #files: string[] = [];
  readonly #notes: string[] = [];

  constructor(server: string, onProgress: (message: string) => void) {
    this.#server = server;
    this.#onProgress = onProgress;
  }

  get report(): Report {
    return this.#report;
  }

  line(line: string): void {
    const [kind, one = '', two = '', three = ''] = line.split('\t');
    switch (kind) {
      case 'step':
        this.#onProgress(readable(one));
        return;
      case 'held':
        this.#report = { kind: 'held' };
        return;
      case 'absent':
        this.#report = { kind: 'absent' };
        return;
      case 'outcome':
        this.#ending = isState(one) ? [one, readable(two, 60), readable(three, 600)] : null;
        return;
      case 'file':
        this.#files.push(readable(two, 4096));
        return;
      case 'note':
        this.#notes.push(readable(one));
        return;
      case 'end':
        if (this.#ending) this.#report = { kind: 'over', outcome: this.#outcome(...this.#ending) };
    }
  }

  #outcome(state: TransactionState, code: string, detail: string): TransactionOutcome {
    const files = [...new Set(this.#files)];
    if (state === 'applied') return { state, problem: null, files };
    const said = [detail, ...this.#notes].filter(text => text !== '').join('; ');
    return { state, problem: transactionProblem(this.#server, code, said, files), files };
  }
}
