import { SignetError } from '../../shared/problem.ts';

/** The code of the problem that `work` ends with; the error itself when it is of another kind, "none" when it succeeds. */
export async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof SignetError) return error.problem.code;
    throw error;
  }
  return 'none';
}
