import type { ChangeState, RunRecord } from '../../shared/run.ts';
import { count, plural } from '../app/format.ts';

const means: Readonly<Record<RunRecord['outcome'], string>> = {
  running:
    'Each server does a phase wholly or not at all. The servers go on by themselves when the connection is lost.',
  applied: 'Everything was applied and proven.',
  incomplete:
    'Some changes were applied; others wait, were taken back, or could not be reached. Resume tries the rest.',
  failed: 'It did not work. Servers that were touched are as they were before.',
  refused:
    'Nothing was changed: the servers differ from what the plan was made from, or a safety stop was not acknowledged.',
  interrupted: 'Signet was closed while it ran. Resume asks the servers how it ended, and goes on.',
};

const changeStates: Readonly<Record<ChangeState, string>> = {
  planned: 'Not begun',
  started: 'Under way',
  applied: 'Applied',
  'rolled-back': 'Taken back',
  stale: 'Stale',
  failed: 'Failed',
  waiting: 'Waiting',
  skipped: 'Not tried',
  unknown: 'Not known yet',
};

export const runTexts = {
  runs: {
    columns: { started: 'Started', outcome: 'Outcome', domains: 'Domains', duration: 'Duration' },
    empty: {
      title: 'No runs yet',
      text: 'Applying pending changes starts a run. It is shown here live, server by server, and stays here to be undone.',
    },
    toPending: 'Go to Pending changes',
    label: (when: string) => `Run of ${when}`,
    means,
    changeStates,
    stop: 'Stop',
    stopMeans: 'Safe at any time: what is under way on a server is finished or taken back, the rest stays pending.',
    resume: 'Resume',
    undo: 'Undo',
    overall: 'Whole run',
    servers: 'Servers of this run',
    progressOf: (server: string) => `Progress of ${server}`,
    states: {
      waiting: 'Waiting',
      working: 'Working',
      gate: 'Waiting for DNS',
      done: 'Done',
      failed: 'Failed',
      'rolled-back': 'Taken back',
      stale: 'Stale',
      skipped: 'Not done',
      unknown: 'Not known yet',
    },
    left: 'Not done',
    leftWith: (domains: number) => (domains > 0 ? plural(domains, 'domain') : 'Whole server'),
    retryIn: (seconds: number) => `trying again in ${seconds} s`,
    retryNow: 'trying again',
    showLog: (lines: number) => (lines > 0 ? `Show log (${count(lines)} lines)` : 'Show log'),
    hideLog: 'Hide log',
    log: 'Log',
    noLog: 'Nothing was logged.',
  },
} as const;
