/** Commands for a service, by the host's init. `name` is a unit or script name without ".service". */
import type { HostFacts } from '../api.ts';

type Init = HostFacts['init'];

function serviceCommand(init: Init, name: string, verb: 'reload' | 'restart'): readonly string[] {
  switch (init) {
    case 'systemd':
      return ['systemctl', verb, `${name}.service`];
    case 'openrc':
      return ['rc-service', name, verb];
    default:
      return ['service', name, verb];
  }
}

export function reloadCommand(init: Init, name: string): readonly string[] {
  return serviceCommand(init, name, 'reload');
}

export function restartCommand(init: Init, name: string): readonly string[] {
  return serviceCommand(init, name, 'restart');
}

/** Exit status 0: it runs. Without systemd by the name of the process. */
export function runningCommand(init: Init, name: string, process: string): readonly string[] {
  return init === 'systemd' ? ['systemctl', 'is-active', '--quiet', `${name}.service`] : ['pgrep', '-x', process];
}
