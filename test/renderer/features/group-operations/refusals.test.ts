import { describe, expect, it } from 'vitest';
import { gatherRefusals, remedyOf } from '../../../../renderer/features/group-operations/refusals.ts';
import { problem } from '../../rows.ts';

describe('gatherRefusals', () => {
  it('makes one line of the domains of one server that have the same problem', () => {
    const refusals = gatherRefusals([
      { domain: 'a', server: 'mx4', problem: problem({ code: 'signing-not-allowed', domain: 'a' }) },
      { domain: 'b', server: 'mx4', problem: problem({ code: 'signing-not-allowed', domain: 'b' }) },
      { domain: 'c', server: 'mx5', problem: problem({ code: 'signing-not-allowed' }) },
    ]);
    expect(refusals.map(({ server, domains }) => [server, domains])).toEqual([
      ['mx4', ['a', 'b']],
      ['mx5', ['c']],
    ]);
    expect(refusals[0]?.problem.domain).toBeUndefined();
  });

  it('says of the server what the engine said of the first domain', () => {
    const [refusal] = gatherRefusals([
      { domain: 'a', server: 'mx4', problem: problem({ message: 'a on mx4: there is no signer.' }) },
    ]);
    expect(refusal?.problem.message).toBe('mx4: there is no signer.');
  });

  it.each(['no-signer', 'signer-not-in-path'])('offers to allow signing where it is %s', code => {
    expect(gatherRefusals([{ domain: 'a', server: 'mx4', problem: problem({ code }) }]).map(remedyOf)).toEqual([
      'allow-signing',
    ]);
  });

  it('offers a scan where facts are missing, and the server otherwise', () => {
    const [scan, open, none] = gatherRefusals([
      { domain: 'a', server: 'mx1', problem: problem({ code: 'facts-missing' }) },
      { domain: 'a', server: 'mx2', problem: problem({ code: 'signing-not-allowed' }) },
      { domain: 'zzz', problem: problem({ code: 'domain-unknown' }) },
    ]).map(remedyOf);
    expect([scan, open, none]).toEqual(['scan', 'open-server', 'none']);
  });
});
