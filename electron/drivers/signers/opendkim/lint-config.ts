/** What is wrong in the configuration, which `opendkim -n` does not say. */
import { posix } from 'node:path';
import { printable } from '../../../../shared/text.ts';
import type { Problem } from '../../../../shared/problem.ts';
import { warning } from '../../kit/problems.ts';
import { parseDataset } from './dataset.ts';
import type { OpenDkimFacts } from './facts.ts';
import { resolvePath, type Model } from './model.ts';
import { directoriesOf, mayUse } from './safety.ts';
import { readSocket } from './socket.ts';

function lintSingle(model: Model): readonly Problem[] {
  if (model.keyTable === null || model.single === null) return [];
  const { file, line } = model.single.at;
  const message = `Domain, Selector and KeyFile in ${file}:${line} do nothing: KeyTable in ${model.keyTable.at.file}:${model.keyTable.at.line} takes their place`;
  return [warning('single-domain-ignored', message, 'Take them out, or add their key to the tables.', { file })];
}

function lintUser(facts: OpenDkimFacts, model: Model): readonly Problem[] {
  const { name, exists } = facts.user;
  const at = model.get('UserID');
  const file = at?.file ?? facts.configPath;
  if (exists === false) {
    const message = `UserID in ${file}:${at?.line ?? '?'} names ${printable(name)}, who does not exist`;
    return [warning('user-missing', message, 'Make the user, or name another.', { file })];
  }
  if (name !== 'root') return [];
  const message = `${file} has no UserID: OpenDKIM runs as root`;
  return [warning('user-id-missing', message, 'Set UserID opendkim.', { file })];
}

function lintSocket(facts: OpenDkimFacts, model: Model): readonly Problem[] {
  const socket = readSocket(model.socket ?? '');
  const { postfix } = facts;
  if (socket === null || !('path' in socket) || postfix === null || !postfix.chroot) return [];
  if (`${socket.path}/`.startsWith(`${postfix.queueDirectory}/`)) return [];
  const file = model.get('Socket')?.file ?? facts.configPath;
  const message = `the socket ${printable(socket.path)} (${file}:${model.get('Socket')?.line ?? '?'}) is outside ${postfix.queueDirectory}, which Postfix cannot leave`;
  const hint = `Use ${posix.join(postfix.queueDirectory, 'opendkim/opendkim.sock')} or inet:8891@localhost.`;
  return [warning('socket-outside-chroot', message, hint, { file })];
}

function lintInternalHosts(facts: OpenDkimFacts, model: Model): readonly Problem[] {
  const at = model.get('InternalHosts');
  if (at === undefined) return [];
  const dataset = parseDataset(at.value);
  if (dataset.kind === 'other') return [];
  const hosts =
    dataset.kind === 'list'
      ? dataset.items.map(({ key }) => key)
      : facts.texts[resolvePath(model.directives, dataset.path)]?.content
          .split('\n')
          .map(line => line.split('#', 1)[0]?.trim() ?? '');
  if (hosts === undefined || hosts.some(host => /^(127\.|localhost$|0\.0\.0\.0\/0$|\*$)/i.test(host))) return [];
  const message = `InternalHosts in ${at.file}:${at.line} does not name 127.0.0.1: mail of the host itself is not signed`;
  return [
    warning('internal-hosts-without-localhost', message, 'Add 127.0.0.1 and localhost to it.', { file: at.file }),
  ];
}

/** A reload happens as the user of the daemon: what that user cannot read makes it fail, and only a log says so. */
export function unreadableForReload(facts: OpenDkimFacts, model: Model): string | null {
  const texts = [
    facts.configs[facts.configPath],
    ...[model.keyTable, model.signingTable].map(source => (source !== null && 'file' in source ? source.file : null)),
  ];
  for (const text of texts) {
    if (text === undefined || text === null) continue;
    const closed = directoriesOf(text.real).find(directory => {
      const node = facts.directories[directory];
      return node !== undefined && node !== null && !mayUse(facts, node, 1);
    });
    if (closed !== undefined || !mayUse(facts, text, 4)) return text.path;
  }
  return null;
}

function lintReload(facts: OpenDkimFacts, model: Model): readonly Problem[] {
  const path = unreadableForReload(facts, model);
  if (path === null) return [];
  const message = `${printable(path)} cannot be read by ${facts.user.name}: a reload of OpenDKIM fails silently, only a restart reads it`;
  return [
    warning(
      'reload-cannot-read',
      message,
      `Run: chgrp ${facts.user.group} ${printable(path)}; chmod g+r ${printable(path)}`,
      { file: printable(path) },
    ),
  ];
}

export function lintConfig(facts: OpenDkimFacts, model: Model): readonly Problem[] {
  return [
    ...lintSingle(model),
    ...lintUser(facts, model),
    ...lintSocket(facts, model),
    ...lintInternalHosts(facts, model),
    ...lintReload(facts, model),
  ];
}
