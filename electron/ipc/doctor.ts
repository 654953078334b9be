/** What this laptop has, and what it lacks. */
import { statSync } from 'node:fs';
import type { DoctorCheck } from '../../shared/contract.ts';
import type { Engine, Handlers } from './engine.ts';

function homeCheck(home: string): DoctorCheck {
  const mode = statSync(home).mode & 0o777;
  const ok = process.platform === 'win32' || (mode & 0o077) === 0;
  return {
    name: 'home',
    ok,
    detail: `${home}${process.platform === 'win32' ? '' : ` (mode ${mode.toString(8)})`}`,
    hint: ok ? null : `Others can read it: chmod 700 ${home}`,
  };
}

function agentCheck(engine: Engine): DoctorCheck {
  const socket = process.env['SSH_AUTH_SOCK'];
  const users = engine.store.servers.list().filter(server => server.login.method === 'agent');
  const needed = users.length > 0;
  const there = socket !== undefined && socket !== '';
  return {
    name: 'ssh agent',
    ok: there || !needed,
    detail: there ? 'SSH_AUTH_SOCK is set' : 'no agent is running',
    hint: there || !needed ? null : `${users.length} servers log in by agent: start ssh-agent, and ssh-add your key`,
  };
}

async function doctor(engine: Engine): Promise<readonly DoctorCheck[]> {
  const vault = await engine.vault.status();
  const servers = engine.store.servers.list();
  const unscanned = servers.filter(server => engine.facts.get(server.name) === null);
  const interrupted = engine.store.runs.list().filter(run => run.outcome === 'interrupted');
  return [
    { name: 'node', ok: true, detail: `${process.version} on ${process.platform} ${process.arch}`, hint: null },
    homeCheck(engine.store.home),
    {
      name: 'vault',
      ok: vault.state === 'ready',
      detail: `${engine.vault.kind}: ${vault.state}`,
      hint: vault.problem?.hint ?? null,
    },
    agentCheck(engine),
    {
      name: 'drivers',
      ok: true,
      detail: [...engine.drivers.mta, ...engine.drivers.signers, ...engine.drivers.dns].map(({ id }) => id).join(', '),
      hint: null,
    },
    {
      name: 'servers',
      ok: unscanned.length === 0,
      detail: `${servers.length} servers, ${unscanned.length} never scanned`,
      hint: unscanned.length === 0 ? null : `signet scan ${unscanned.map(server => server.name).join(' ')}`,
    },
    {
      name: 'runs',
      ok: interrupted.length === 0,
      detail: `${interrupted.length} interrupted`,
      hint: interrupted.length === 0 ? null : `signet run resume ${interrupted[0]?.id ?? ''}`,
    },
  ];
}

export const doctorHandlers: Handlers = { 'doctor.run': engine => doctor(engine) };
