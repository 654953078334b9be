import {
  Autocomplete,
  Dialog,
  Input,
  Menu,
  MenuItem,
  Modal,
  ModalOverlay,
  SearchField,
  useFilter,
} from 'react-aria-components';
import { Icon } from '../components/icon.tsx';
import type { IconName } from '../components/icon.tsx';
import { texts } from '../texts.ts';
import { scan } from './actions.ts';
import { useClient, useServers } from './engine.tsx';
import { go, screens } from './router.ts';
import { screenKeys } from './shortcuts.ts';
import { applyTheme } from './theme.ts';
import { tellProblem } from './toasts.ts';

// What opens a dialog wants to type at once; react-aria gives the focus back afterwards.
const focused = { autoFocus: true };

interface Command {
  readonly id: string;
  readonly name: string;
  readonly icon: IconName;
  readonly hint?: string;
  readonly run: () => void;
}

function useCommands(openShortcuts: () => void): readonly Command[] {
  const client = useClient();
  const { servers } = useServers();
  const theme = (name: 'system' | 'light' | 'dark') => () => {
    applyTheme(name);
    client.call('settings.set', { theme: name }).catch(tellProblem);
  };
  return [
    ...screens.map(screen => ({
      id: screen,
      name: texts.palette.goTo(texts.screens[screen]),
      icon: 'right' as const,
      hint: `G ${screenKeys[screen].toUpperCase()}`,
      run: () => go(screen),
    })),
    { id: 'scan', name: texts.palette.scanAll, icon: 'scan', hint: 'S', run: () => void scan(client) },
    { id: 'add', name: texts.servers.add, icon: 'plus', run: () => go('servers', '+add') },
    { id: 'import', name: texts.servers.import, icon: 'import', run: () => go('servers', '+import') },
    ...servers.slice(0, 60).map(server => ({
      id: `server ${server.name}`,
      name: texts.palette.openServer(server.name),
      icon: 'servers' as const,
      run: () => go('servers', server.name),
    })),
    { id: 'light', name: texts.palette.light, icon: 'settings', run: theme('light') },
    { id: 'dark', name: texts.palette.dark, icon: 'settings', run: theme('dark') },
    { id: 'system', name: texts.palette.system, icon: 'settings', run: theme('system') },
    { id: 'shortcuts', name: texts.frame.shortcuts, icon: 'question', hint: '?', run: openShortcuts },
  ];
}

/** Everything by name: screens, servers, and what can be done. */
export function CommandPalette(props: { readonly onClose: () => void; readonly openShortcuts: () => void }) {
  const commands = useCommands(props.openShortcuts);
  const { contains } = useFilter({ sensitivity: 'base' });
  return (
    <ModalOverlay
      className="overlay"
      isOpen
      isDismissable
      onOpenChange={isOpen => {
        if (!isOpen) props.onClose();
      }}
    >
      <Modal className="modal small">
        <Dialog className="dialog palette" aria-label={texts.frame.commands}>
          <Autocomplete filter={contains}>
            <SearchField className="field" aria-label={texts.palette.search} {...focused}>
              <Input className="input" placeholder={texts.palette.placeholder} />
            </SearchField>
            {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard */}
            <div className="palette-scroll" role="group" aria-label={texts.palette.results} tabIndex={0}>
              <Menu
                className="menu"
                aria-label={texts.frame.commands}
                items={commands}
                onAction={id => {
                  props.onClose();
                  // After the dialog has given the focus back, or it would take it from what the command opens.
                  window.setTimeout(() => commands.find(command => command.id === id)?.run(), 0);
                }}
                renderEmptyState={() => <p className="muted menu-header">{texts.palette.nothing}</p>}
              >
                {command => (
                  <MenuItem className="menu-item" textValue={command.name}>
                    <Icon name={command.icon} />
                    <span>{command.name}</span>
                    {command.hint && <span className="menu-hint">{command.hint}</span>}
                  </MenuItem>
                )}
              </Menu>
            </div>
          </Autocomplete>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
