/** Mail settings of a server as far as they are OpenDKIM's: set up, changed or taken out. Pure. */
import type { FileStep } from '../../../../shared/model.ts';
import { printable } from '../../../../shared/text.ts';
import type { SettingsContext, SettingsWish } from '../../api.ts';
import { stop } from '../../kit/problems.ts';
import { reloadCommand, restartCommand, runningCommand } from '../../kit/service.ts';
import { syntaxCheck } from './checks.ts';
import { changedConfigs, fileStep, isChanged, replacedConfigs } from './config-changes.ts';
import type { ConfigEdit } from './config.ts';
import type { OpenDkimFacts } from './facts.ts';
import { readModel } from './model.ts';
import { missingChoices, modeOf, ownEndpoint, ownFiles, ownerOf } from './own-config.ts';
import { freshFacts, setUp, takenOut } from './set-up.ts';
import {
  created,
  directorySteps,
  name,
  nothing,
  refusing,
  tableMode,
  textFact,
  withDirectory,
  type Plan,
} from './settings-parts.ts';
import { readSocket } from './socket.ts';
import { tablePaths } from './tables.ts';

export function settingsOpenDkim(facts: OpenDkimFacts | null, wish: SettingsWish, context: SettingsContext): Plan {
  const out = !wish.sign && wish.verify === null;
  if (facts === null) return out ? nothing(facts) : installed(wish, context);
  switch (ownerOf(facts)) {
    case 'package':
      return out ? nothing(facts) : setUp(facts, wish, context, false);
    case 'signet':
      return out ? takenOut(facts) : changed(facts, wish, context);
    case 'admin':
      return out ? nothing(facts) : changed(facts, wish, context);
  }
}

function installed(wish: SettingsWish, context: SettingsContext): Plan {
  const { server, host, packages } = context;
  if (packages !== 'apt') {
    const by = packages === null ? `is ${printable(host.os.name, 60)}` : 'installs packages with dnf';
    const message = `${server} has no OpenDKIM and ${by}: Signet installs packages with apt only`;
    return refusing(
      null,
      stop('packages-unsupported', message, `Install ${name} there by hand, and scan again.`, { server }),
    );
  }
  return setUp(freshFacts(context), wish, context, true);
}

function ownMailStep(facts: OpenDkimFacts): FileStep {
  return created(tablePaths.ownMail, ownFiles.ownMail, tableMode, `root:${facts.user.group}`);
}

/** Mode, what becomes of failing mail, and a socket that Postfix can reach; nothing else of what is there. */
function changed(facts: OpenDkimFacts, wish: SettingsWish, context: SettingsContext): Plan {
  const model = readModel(facts);
  const masked = Object.values(facts.configs).find(config => config?.masked === true);
  const edits: ConfigEdit[] = [];
  const set = (directive: string, value: string) => edits.push({ kind: 'set', name: directive, value });
  const letters = (mode: string) => [...mode].sort().join('');
  if (letters(model.mode) !== letters(modeOf(wish))) set('Mode', modeOf(wish));
  if (wish.verify !== null)
    for (const choice of missingChoices(model, wish.verify.failing)) set(choice.name, choice.value);
  const script = wish.verify !== null && model.get('ScreenPolicyScript') === undefined;
  if (script) set('ScreenPolicyScript', tablePaths.ownMail);
  const socket = readSocket(model.socket ?? '');
  const chroot = context.chroot?.chroot === true ? context.chroot.queueDirectory : null;
  const isReachable =
    socket !== null && (!('path' in socket) || chroot === null || `${socket.path}/`.startsWith(`${chroot}/`));
  if (!isReachable) set('Socket', `inet:${ownEndpoint.port}@${ownEndpoint.host}`);
  const endpoint = isReachable ? socket : ownEndpoint;
  if (edits.length === 0 && facts.service.active) return { ...nothing(facts), endpoint };
  if (masked !== undefined && masked !== null && edits.length > 0) {
    const message = `${masked.path} holds a password: it is not edited, and it would have to be for these settings`;
    const hint = `Set by hand, and restart OpenDKIM: ${edits.map(edit => ('value' in edit ? `${edit.name} ${edit.value}` : edit.name)).join(', ')}`;
    return refusing(facts, stop('config-holds-secret', message, hint, { file: masked.path }));
  }
  if (facts.arguments.some(word => /^-[bp]/.test(word))) {
    const message = 'the command line of OpenDKIM gives the mode or the socket (-b, -p)';
    return refusing(facts, stop('signer-arguments', message, 'Move these settings into the configuration file.'));
  }
  const configs = changedConfigs(facts, edits).filter(isChanged);
  const beside = script && (facts.texts[tablePaths.ownMail] ?? null) === null ? [ownMailStep(facts)] : [];
  const files = [...configs.map(fileStep), ...beside];
  const main = configs.find(change => change.named === facts.configPath);
  const check = syntaxCheck(
    facts.configPath,
    main === undefined ? null : fileStep(main).path,
    beside.map(({ path }) => ({ named: path, written: path })),
  );
  const { init, service } = facts;
  const reads = isReachable && service.active;
  return {
    steps: [
      ...(beside.length > 0 ? directorySteps(facts) : []),
      ...files,
      ...(check === null || files.length === 0 ? [] : [check]),
      {
        kind: 'command',
        phase: 'activate',
        argv: reads ? reloadCommand(init, service.name) : restartCommand(init, service.name),
        timeout: 60,
      },
      { kind: 'command', phase: 'verify', argv: runningCommand(init, service.name, name), timeout: 30 },
    ],
    requires: [],
    after: {
      ...replacedConfigs(facts, configs),
      ...(beside.length === 0
        ? {}
        : {
            texts: {
              ...facts.texts,
              [tablePaths.ownMail]: textFact(tablePaths.ownMail, ownFiles.ownMail, tableMode, facts.user.group),
            },
            directories: withDirectory(facts),
          }),
      service: { ...service, active: true },
    },
    endpoint,
    refused: null,
  };
}
