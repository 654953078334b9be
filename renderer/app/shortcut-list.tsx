import { Dialog } from '../components/dialog.tsx';
import { texts } from '../texts.ts';
import { shortcutGroups } from './shortcuts.ts';

export function ShortcutList({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title={texts.frame.shortcuts} onClose={onClose} size="medium">
      <div className="shortcut-groups">
        {shortcutGroups.map(group => (
          <section key={group.title}>
            <h3>{group.title}</h3>
            <dl>
              {group.keys.map(([name, keys]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>
                    <kbd>{keys}</kbd>
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
