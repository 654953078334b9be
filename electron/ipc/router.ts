/** Every call of every host goes through here: known operation, parsed input, one handler. */
import type { z } from 'zod';
import type { Input, Operation, Result } from '../../shared/contract.ts';
import { inputs } from '../../shared/contract.ts';
import { usage } from '../../shared/problem.ts';
import { printable } from '../../shared/text.ts';
import { applyHandlers } from './apply.ts';
import { doctorHandlers } from './doctor.ts';
import { domainHandlers } from './domains.ts';
import type { CallContext, Engine, Handlers } from './engine.ts';
import { mailSettingsHandlers } from './mail-settings.ts';
import { plannedHandlers } from './planned.ts';
import { preferenceHandlers } from './preferences.ts';
import { proofHandlers } from './proof.ts';
import { recordHandlers } from './records.ts';
import { rotationHandlers } from './rotation.ts';
import { runHandlers } from './runs.ts';
import { scanHandlers } from './scan.ts';
import { serverHandlers } from './servers.ts';
import { transferHandlers } from './transfer.ts';

const handlers = {
  ...serverHandlers,
  ...scanHandlers,
  ...domainHandlers,
  ...rotationHandlers,
  ...mailSettingsHandlers,
  ...plannedHandlers,
  ...transferHandlers,
  ...applyHandlers,
  ...runHandlers,
  ...proofHandlers,
  ...recordHandlers,
  ...preferenceHandlers,
  ...doctorHandlers,
} satisfies Handlers;

/** Operations that a handler is there for: all of the contract's, or the type is wrong. */
const handled: { readonly [O in Operation]: NonNullable<Handlers[O]> } = handlers as Required<Handlers>;

function isOperation(name: string): name is Operation {
  return Object.hasOwn(inputs, name);
}

/** Rejects with a SignetError (`unknown-operation`, `input-invalid` or what the handler says). */
export async function call<O extends Operation>(
  engine: Engine,
  operation: O,
  input: Input<O>,
  context: CallContext,
): Promise<Result<O>> {
  if (!isOperation(operation)) {
    throw usage(
      'unknown-operation',
      `There is no operation ${printable(String(operation), 60)}.`,
      'Update both sides.',
    );
  }
  const parsed = inputs[operation].safeParse(input);
  if (!parsed.success) throw invalid(operation, parsed.error);
  type Handler = (engine: Engine, input: unknown, context: CallContext) => Promise<Result<O>> | Result<O>;
  return await (handled[operation] as Handler)(engine, parsed.data, context);
}

/** Names the field and what it takes; never what was in it, which may be a secret. */
function invalid(operation: string, error: z.ZodError): Error {
  const [issue] = error.issues;
  const field = issue?.path.join('.') ?? '';
  const text = printable(issue?.message ?? 'is not valid', 200);
  return usage(
    'input-invalid',
    `${field === '' ? operation : printable(field, 80)}: ${text}`,
    'Correct it and try again; docs/cli.md says what each command takes.',
  );
}
