/** What Vitest's JSON reporter writes, as far as it is counted. */
export interface VitestReport {
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[] | null;
    }[];
  }[];
}

export interface Tally {
  readonly passed: number;
  readonly skipped: number;
  /** One line each: which, and the first line of why. */
  readonly failures: readonly string[];
}

/** One check that is no test: it passed or it failed. */
export function tallyOf(name: string, passed: boolean): Tally {
  return { passed: passed ? 1 : 0, skipped: 0, failures: passed ? [] : [name] };
}

const firstLine = (text: string | undefined): string => (text ?? '').trim().split('\n')[0] ?? '';

/**
 * Counts a project's tests. Never greener than the truth: a file that does not load, a run without a report, a run
 * without a test, and a bad exit status that no test explains are failures.
 */
export function tallyReport(project: string, report: VitestReport | null, exitCode: number): Tally {
  if (!report) return tallyOf(`${project}: it ended with status ${exitCode} and wrote no report`, false);
  let passed = 0;
  let skipped = 0;
  const failures: string[] = [];
  for (const file of report.testResults) {
    const before = failures.length;
    for (const one of file.assertionResults) {
      if (one.status === 'passed') passed += 1;
      else if (one.status === 'failed') {
        failures.push(`${project}: ${file.name}: ${one.fullName}: ${firstLine(one.failureMessages?.[0])}`);
      } else skipped += 1;
    }
    if (file.status === 'failed' && failures.length === before) {
      failures.push(`${project}: ${file.name}: ${firstLine(file.message) || 'the file failed'}`);
    }
  }
  if (passed + failures.length === 0) failures.push(`${project}: no test was run`);
  if (failures.length === 0 && (exitCode !== 0 || !report.success)) {
    failures.push(`${project}: every test passed, but Vitest ended with status ${exitCode}`);
  }
  return { passed, skipped, failures };
}

export function sum(tallies: readonly Tally[]): Tally {
  return {
    passed: tallies.reduce((total, one) => total + one.passed, 0),
    skipped: tallies.reduce((total, one) => total + one.skipped, 0),
    failures: tallies.flatMap(one => one.failures),
  };
}

/** The closing line. `.ci/run` looks for it: keep the two alike. */
export function closingLine({ passed, failures, skipped }: Tally): string {
  return `${passed} passed, ${failures.length} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
