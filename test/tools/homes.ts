/** Homes of tests: each of its own, gone after the test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export function temporaryHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'signet-home-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  return home;
}
