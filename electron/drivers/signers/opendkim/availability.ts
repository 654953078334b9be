/** Whether domains can be switched on and off here at all. */
import { printable } from '../../../../shared/text.ts';
import type { Problem } from '../../../../shared/problem.ts';
import { stop } from '../../kit/problems.ts';
import type { OpenDkimFacts } from './facts.ts';
import { argument, type Model, type TableSource } from './model.ts';
import { tablePaths } from './tables.ts';

function tableProblem(source: TableSource, name: string, server: string): Problem | null {
  const where = `${source.at.file}:${source.at.line}`;
  const file = source.at.file;
  if (source.kind === 'other') {
    return stop(
      'table-not-text',
      `${name} in ${where} is of the type ${source.type}: it cannot be edited as text`,
      'Put the table into a text file ("/path" or "refile:/path"), or edit its source by its own tools.',
      { server, file },
    );
  }
  if (source.kind === 'inline') return null;
  if (source.file === null) {
    const message = `${name} in ${where} names ${printable(source.path)}, which is not there or cannot be read`;
    return stop('table-missing', message, 'Make the file, or correct the path: OpenDKIM will not start like this.', {
      server,
      file,
    });
  }
  if (!source.file.masked) return null;
  const message = `${printable(source.path)} holds private keys instead of their paths: it is not edited`;
  return stop('keys-in-table', message, 'Put each key into a file of its own and name the path.', {
    server,
    file: source.path,
  });
}

/** Whether the configuration itself must be changed before tables can be. */
export function needsTables(model: Model): boolean {
  const inFile = (source: TableSource | null) => source?.kind === 'file' || source?.kind === 'refile';
  return !inFile(model.keyTable) || !inFile(model.signingTable);
}

function conversionProblem(facts: OpenDkimFacts, model: Model): Problem | null {
  const { server } = facts;
  if (model.keyTable === null && model.single !== null && model.single.domains === null) {
    const { file, line } = model.single.at;
    const message = `Domain in ${file}:${line} is a list that cannot be taken over into tables`;
    return stop('domain-list-opaque', message, 'Write a KeyTable and a SigningTable by hand, once.', { server, file });
  }
  if ((model.keyTable === null) !== (model.signingTable === null)) {
    const message = `${facts.configPath} has only one of KeyTable and SigningTable`;
    return stop('tables-incomplete', message, 'Give both, or none.', { server, file: facts.configPath });
  }
  const masked = Object.values(facts.configs).find(config => config?.masked === true);
  if (masked !== undefined && masked !== null) {
    const message = `${masked.path} holds a password: it is not edited, and it would have to be for key tables`;
    return stop('config-holds-secret', message, 'Write a KeyTable and a SigningTable in files by hand, once.', {
      server,
      file: masked.path,
    });
  }
  const taken = [tablePaths.keys, tablePaths.signing].find(
    path => facts.texts[path] !== undefined && facts.texts[path] !== null,
  );
  const used = [model.keyTable, model.signingTable].some(
    source => source !== null && 'path' in source && source.path === taken,
  );
  if (taken === undefined || used) return null;
  const message = `${taken} is there, but ${facts.configPath} does not name it`;
  return stop('table-unused', message, 'Name it in the configuration, or move it away.', { server, file: taken });
}

/** null: they can. */
export function availability(facts: OpenDkimFacts, model: Model): Problem | null {
  const { server, configPath } = facts;
  const config = facts.configs[configPath];
  if (config === undefined || config === null) {
    return stop('config-missing', `${configPath} is not there or cannot be read`, 'Install or repair OpenDKIM.', {
      server,
      file: configPath,
    });
  }
  if (!facts.service.active) {
    return stop('signer-not-running', `OpenDKIM does not run on ${server}`, 'Start it: systemctl start opendkim.', {
      server,
    });
  }
  if (!model.mode.includes('s')) {
    const message = `Mode is "${printable(model.mode)}": OpenDKIM does not sign`;
    return stop('signer-mode', message, `Allow signing: signet mail-settings ${server} --allow-signing on`, {
      server,
      file: configPath,
    });
  }
  if (model.get('ChangeRootDirectory') !== undefined) {
    const message = `${configPath} sets ChangeRootDirectory: the paths in it mean other files`;
    return stop('signer-chroot', message, 'Edit the tables by hand.', { server, file: configPath });
  }
  if (['d', 'k', 's'].some(letter => argument(facts.arguments, letter) !== null)) {
    const message = `the command line of OpenDKIM on ${server} gives the domain or the key (-d, -k, -s)`;
    return stop('signer-arguments', message, 'Move these settings into the configuration file.', { server });
  }
  for (const [name, source] of [
    ['KeyTable', model.keyTable],
    ['SigningTable', model.signingTable],
  ] as const) {
    const problem = source === null ? null : tableProblem(source, name, server);
    if (problem !== null) return problem;
  }
  return needsTables(model) ? conversionProblem(facts, model) : null;
}
