/** Reads the milter's files. Round trips: two, however many domains there are. */
import type { FileFact, HostReader } from '../../api.ts';
import { sha256 } from '../../kit/bytes.ts';
import { publicHalf } from '../../kit/private-key.ts';
import { runningCommand } from '../../kit/service.ts';
import type { DomainKeysFacts, KeyFact } from './facts.ts';
import { paths, service } from './places.ts';
import { tableEntries } from './table.ts';

const first = [paths.config, paths.table];
const rest = [paths.program, paths.unit, paths.socket, paths.script];

/** Nothing of the file but its public half and its hash is kept. */
function keyFact({ path, real, mode, owner, group, content }: FileFact): KeyFact {
  const half = publicHalf(content);
  return {
    path,
    real,
    mode,
    owner,
    group,
    sha256: sha256(content),
    algorithm: half?.algorithm ?? 'unknown',
    bits: half?.bits ?? null,
    publicKey: half?.publicKey ?? null,
  };
}

export async function scanDomainKeys(host: HostReader): Promise<DomainKeysFacts> {
  const readOrNull = (path: string) => host.file(path).catch(() => null);
  const read = (path: string) => readOrNull(path).then(file => [path, file] as const);
  const [running, present, files] = await Promise.all([
    host.exec(runningCommand(host.host.init, service, service.slice(0, 15))),
    host.glob(`${paths.keys}/*`),
    Promise.all(first.map(read)),
  ]);
  const found = Object.fromEntries(files);
  const named = tableEntries(found[paths.table]?.content ?? '').flatMap(({ path }) => (isKeyPath(path) ? [path] : []));
  const [keys, more] = await Promise.all([
    Promise.all([...new Set([...present, ...named])].map(read)),
    Promise.all(rest.map(read)),
  ]);
  return {
    server: host.server,
    init: host.host.init,
    running: running.code === 0,
    files: { ...found, ...Object.fromEntries(more) },
    keys: Object.fromEntries(keys.map(([path, file]) => [path, file === null ? null : keyFact(file)])),
  };
}

function isKeyPath(path: string): boolean {
  return /^\/[!-~]+$/.test(path);
}
