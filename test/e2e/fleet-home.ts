/** A fleet with a past, for looking at the window: servers of the lab, signed domains, runs, pending changes, one server away. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { signetOk, type Home } from '../tools/cli.ts';
import { addAndScan, ask } from '../tools/fleet.ts';
import { fault, lab } from '../tools/lab.ts';

export const away = 's4';
const servers = ['s2', 's3', away] as const;

const domains = (server: string, from: number, to: number): readonly string[] =>
  Array.from(
    { length: to - from + 1 },
    (_, index) => `firma${String(from + index).padStart(4, '0')}-${server}.example`,
  );

const sshConfig = `Host mail-a mail-b
  User root
  IdentityFile ~/.ssh/id_ed25519
Host mail-a
  HostName 192.0.2.11
Host mail-b
  HostName 192.0.2.12
  Port 2222
  ProxyJump mail-a
Host *.internal
  User admin
Match exec "true"
  User nobody
`;

const hostKey = 'AAAAC3NzaC1lZDI1NTE5AAAAIIhtt1o3T4TCcbFVs4uSYdkcr0Es3sW4vDrHYkF9p+2h';

export async function fillFleet(home: Home): Promise<void> {
  const run = (...args: readonly string[]) => signetOk(args, { home });
  await lab.reset(...servers);
  await mkdir(join(home.path, '.ssh'), { mode: 0o700 });
  await writeFile(join(home.path, '.ssh/config'), sshConfig);
  await writeFile(join(home.path, '.ssh/known_hosts'), `192.0.2.11 ssh-ed25519 ${hostKey}\n`);
  await addAndScan(home, ...servers);
  await run('signing', 'on', ...domains('s2', 1, 8), ...domains('s3', 1, 5), ...domains(away, 1, 3));
  await run('apply', '--yes');
  // a key that waits for its time to be retired
  await run('signing', 'off', ...domains('s3', 5, 5));
  await run('apply', '--yes');
  await fault.stop(away, 'ssh');
  await run('signing', 'on', ...domains('s2', 10, 14), ...domains('s3', 10, 12), ...domains(away, 10, 12));
  await run('signing', 'off', ...domains('s2', 8, 8));
  await run('mail-settings', 's3', '--verify-incoming', 'on', '--failing', 'reject', '--policies', 'off');
  if ((await ask.pending(home)).length < 10) throw new Error('the fleet to look at has too few pending changes');
}

export const bringBack = (): Promise<void> => fault.heal(away);
