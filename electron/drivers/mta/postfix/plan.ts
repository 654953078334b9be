/**
 * Filters put into the path of mail and taken out of it: in main.cf of the instance that every system has. What a service of
 * master.cf says for itself stays as it is; the view tells where that keeps mail from the signer. Pure.
 */
import { posix } from 'node:path';
import type { CommandStep, FileStep } from '../../../../shared/model.ts';
import type { Problem } from '../../../../shared/problem.ts';
import { printable, toContent, type ByteString } from '../../../../shared/text.ts';
import type { DriverPlan, FileFact, MtaEdit, RestoreFile } from '../../api.ts';
import { sha256 } from '../../kit/bytes.ts';
import { stop } from '../../kit/problems.ts';
import type { InstanceFacts, PostfixFacts } from './facts.ts';
import { addWord, removeWord, wordsOf } from './main-cf.ts';
import { readMilters, type SocketPlace } from './milters.ts';

type Endpoint = MtaEdit['endpoint'];

const lists = ['smtpd_milters', 'non_smtpd_milters'] as const;

function placeOf(instance: InstanceFacts, list: (typeof lists)[number]): SocketPlace {
  const service = list === 'smtpd_milters' ? 'smtp/inet' : 'cleanup/unix';
  return {
    queueDirectory: instance.parameters['queue_directory'] ?? '/var/spool/postfix',
    chroot: instance.chrooted.includes(service),
  };
}

/**
 * A path without its leading slash is read from the queue directory, in the jail and out of it. null: Postfix cannot reach
 * it there.
 */
function wordFor(endpoint: Endpoint, place: SocketPlace): string | null {
  if ('host' in endpoint)
    return `inet:${endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`;
  const inside = posix.relative(place.queueDirectory, endpoint.path);
  if (!inside.startsWith('..')) return `unix:${inside}`;
  return place.chroot ? null : `unix:${endpoint.path}`;
}

const local = new Set(['localhost', '127.0.0.1', '::1', '0.0.0.0', '::']);

function isSame(one: Endpoint, other: Endpoint): boolean {
  if ('path' in one || 'path' in other) return 'path' in one && 'path' in other && one.path === other.path;
  const host = (endpoint: { readonly host: string }) => (local.has(endpoint.host.toLowerCase()) ? '' : endpoint.host);
  return host(one) === host(other) && one.port === other.port;
}

/** A word of a list may be a milter with settings of its own in braces. */
function names(word: string, endpoint: Endpoint, place: SocketPlace): boolean {
  return readMilters(word, place).milters.some(milter => isSame(milter.endpoint, endpoint));
}

interface Draft {
  readonly content: ByteString;
  readonly parameters: InstanceFacts['parameters'];
}

function refusal(instance: InstanceFacts, code: string, message: string, hint: string): Problem {
  return stop(code, message, hint, { file: posix.join(instance.configDirectory, 'main.cf') });
}

function wire(instance: InstanceFacts, draft: Draft, endpoint: Endpoint): Draft | Problem {
  let { content, parameters } = draft;
  for (const list of lists) {
    const place = placeOf(instance, list);
    const expanded = parameters[list] ?? '';
    const known = readMilters(expanded, place).milters.some(milter => isSame(milter.endpoint, endpoint));
    if (known) continue;
    const word = wordFor(endpoint, place);
    if (word === null) {
      const shown = 'path' in endpoint ? printable(endpoint.path) : '';
      const message = `Postfix runs with ${place.queueDirectory} as its root and cannot reach the socket ${shown}`;
      const hint = 'Let the signer listen inside that directory or at inet:8891@127.0.0.1.';
      return refusal(instance, 'socket-outside-chroot', message, hint);
    }
    // "$smtpd_milters" follows what was just done there
    const follows = (wordsOf(content, list) ?? []).some(each => /^\$[({]?smtpd_milters[)}]?$/.test(each));
    if (!follows) content = addWord(content, list, word);
    parameters = { ...parameters, [list]: expanded === '' ? word : `${expanded}, ${word}` };
  }
  return { content, parameters };
}

function unwire(instance: InstanceFacts, draft: Draft, endpoint: Endpoint): Draft | Problem {
  let { content, parameters } = draft;
  for (const list of lists) {
    const place = placeOf(instance, list);
    const all = readMilters(parameters[list] ?? '', place);
    if (!all.milters.some(milter => isSame(milter.endpoint, endpoint))) continue;
    const own = wordsOf(content, list) ?? [];
    const follows = own.some(each => /^\$[({]?smtpd_milters[)}]?$/.test(each));
    const after = removeWord(content, list, word => names(word, endpoint, place));
    if (after === null && !follows) {
      const message = `${list} names the signer's socket through another parameter: it is not cut`;
      return refusal(instance, 'milter-indirect', message, `Take the socket out of ${list} by hand.`);
    }
    content = after ?? content;
    const left = all.milters.filter(milter => !isSame(milter.endpoint, endpoint)).map(({ text }) => text);
    parameters = { ...parameters, [list]: [...left, ...all.unread].join(', ') };
  }
  return { content, parameters };
}

function commands(instance: InstanceFacts, file: FileFact, after: ByteString): readonly CommandStep[] {
  const at = posix.basename(file.real) === 'main.cf' ? file.real : null;
  const value = (wordsOf(after, 'smtpd_milters') ?? []).join(' ');
  const script = [
    'set -eu',
    'found=$(postconf -c "${1%/*}" -h smtpd_milters 2>/dev/null | tr "," " " | tr -s " ")',
    '[ "$found" = "$2" ] || { printf \'smtpd_milters is read as "%s"\\n\' "$found" >&2; exit 1; }',
  ].join('\n');
  const check: CommandStep = {
    kind: 'command',
    phase: 'check',
    argv: ['/bin/sh', '-c', script, 'signet-check-main-cf', `{new:${at ?? ''}}`, value.replace(/[, ]+/g, ' ')],
  };
  const config = ['-c', instance.configDirectory];
  return [
    ...(at === null ? [] : [check]),
    { kind: 'command', phase: 'activate', argv: ['postfix', ...config, 'reload'], timeout: 60 },
    { kind: 'command', phase: 'verify', argv: ['postfix', ...config, 'status'], timeout: 30 },
  ];
}

/** `content`: what the file is to hold. */
function written(facts: PostfixFacts, instance: InstanceFacts, file: FileFact, draft: Draft): DriverPlan<PostfixFacts> {
  if (draft.content === file.content) return { steps: [], requires: [], after: facts, refused: [] };
  const step: FileStep = {
    kind: 'file',
    path: file.real,
    before: file.sha256,
    old: toContent(file.content),
    after: toContent(draft.content),
    mode: file.mode,
    owner: `${file.owner}:${file.group}`,
  };
  const mainCf = { ...file, content: draft.content, sha256: sha256(draft.content) };
  const [, ...others] = facts.instances;
  return {
    steps: [step, ...commands(instance, file, draft.content)],
    requires: [],
    after: { ...facts, instances: [{ ...instance, mainCf, parameters: draft.parameters }, ...others] },
    refused: [],
  };
}

export function planPostfix(facts: PostfixFacts, edits: readonly MtaEdit[]): DriverPlan<PostfixFacts> {
  const [instance] = facts.instances;
  const file = instance?.mainCf ?? null;
  const refuse = (problem: Problem) => ({
    steps: [],
    requires: [],
    after: facts,
    refused: [{ subject: 'smtpd_milters', problem }],
  });
  if (edits.length === 0) return { steps: [], requires: [], after: facts, refused: [] };
  if (instance === undefined || file === null) {
    const message = 'main.cf of Postfix was not read, or cannot be';
    return refuse(stop('main-cf-unreadable', message, 'Scan the server again.'));
  }
  let draft: Draft = { content: file.content, parameters: instance.parameters };
  for (const { kind, endpoint } of edits) {
    const next = (kind === 'wire' ? wire : unwire)(instance, draft, endpoint);
    if ('code' in next) return refuse(next);
    draft = next;
  }
  return written(facts, instance, file, draft);
}

export function restorePostfix(facts: PostfixFacts, files: readonly RestoreFile[]): DriverPlan<PostfixFacts> {
  const [instance] = facts.instances;
  const file = instance?.mainCf ?? null;
  const refused = files
    .filter(({ path, before, after }) => path !== file?.real || after !== file.sha256 || before === null)
    .map(({ path }) => ({
      subject: path,
      problem: stop(
        'file-changed',
        `${printable(path)} was changed since: its old content is not put back`,
        'Restore it by hand.',
        { file: path },
      ),
    }));
  const [wanted] = files;
  if (refused.length > 0 || instance === undefined || file === null || wanted === undefined || wanted.before === null) {
    return { steps: [], requires: [], after: facts, refused };
  }
  const parameters = Object.fromEntries(
    lists.map(list => [list, (wordsOf(wanted.before ?? '', list) ?? []).join(', ')]),
  );
  return written(facts, instance, file, {
    content: wanted.before,
    parameters: { ...instance.parameters, ...parameters },
  });
}
