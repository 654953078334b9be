import { useEffect, useRef } from 'react';
import {
  Button as AriaButton,
  Header,
  Input,
  Menu,
  MenuItem,
  MenuSection,
  MenuTrigger,
  Popover,
  SearchField,
  Separator,
} from 'react-aria-components';
import { useShortcut } from '../../app/shortcuts.ts';
import { IconButton } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import { texts } from '../../texts.ts';
import { setFilter, setView, useDomainsView } from './domains-view.ts';
import { toggleTerm } from './filter.ts';
import { sortableColumns } from './order.ts';

/** The search box with the little language, and a menu of what is asked for most. */
export function FilterBox({ servers }: { readonly servers: readonly string[] }) {
  const filter = useDomainsView(view => view.filter);
  const input = useRef<HTMLInputElement>(null);
  useShortcut('/', () => input.current?.focus());
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'f') return;
      event.preventDefault();
      input.current?.select();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, []);
  return (
    <div className="filter-box">
      <SearchField className="search" aria-label={texts.domains.filter} value={filter} onChange={setFilter}>
        <Icon name="search" />
        <Input className="search-input" ref={input} placeholder={texts.domains.filterPlaceholder} spellCheck={false} />
        {filter !== '' && (
          <AriaButton className="search-clear" aria-label={texts.domains.clearFilter}>
            <Icon name="close" />
          </AriaButton>
        )}
      </SearchField>
      <MenuTrigger>
        <IconButton icon="filter" label={texts.domains.addFilter} />
        <Popover className="popover" placement="bottom start" offset={4}>
          <Menu
            className="menu"
            onAction={term => setFilter(toggleTerm(filter, String(term)))}
            aria-label={texts.domains.addFilter}
          >
            {texts.domains.filterGroups.map(group => (
              <MenuSection key={group.title} className="menu-section">
                <Header className="menu-header">{group.title}</Header>
                {group.terms.map(([name, term]) => (
                  <MenuItem key={term} id={term} className="menu-item" textValue={name}>
                    <span>{name}</span>
                    <code className="menu-hint">{term}</code>
                  </MenuItem>
                ))}
              </MenuSection>
            ))}
            <MenuSection className="menu-section">
              <Header className="menu-header">{texts.domains.columns.server}</Header>
              {servers.map(server => (
                <MenuItem key={server} id={`server:${server}`} className="menu-item" textValue={server}>
                  <span>{server}</span>
                  <code className="menu-hint">server:{server}</code>
                </MenuItem>
              ))}
            </MenuSection>
          </Menu>
        </Popover>
      </MenuTrigger>
    </div>
  );
}

/** Which columns are shown, and whether rows stand below their server. */
export function ViewMenu() {
  const { hidden, isGrouped } = useDomainsView();
  const shown = sortableColumns.filter(id => hidden[id] !== false);
  return (
    <MenuTrigger>
      <IconButton icon="columns" label={texts.domains.view} />
      <Popover className="popover" placement="bottom end" offset={4}>
        <Menu className="menu" aria-label={texts.domains.view}>
          <MenuSection
            className="menu-section"
            aria-label={texts.domains.grouping}
            selectionMode="multiple"
            selectedKeys={isGrouped ? ['group'] : []}
            onSelectionChange={keys => setView({ isGrouped: keys === 'all' || keys.has('group') })}
          >
            <MenuItem id="group" className="menu-item">
              <Icon name="check" className="menu-check" />
              {texts.domains.groupByServer}
            </MenuItem>
          </MenuSection>
          <Separator className="menu-separator" />
          <MenuSection
            className="menu-section"
            selectionMode="multiple"
            selectedKeys={shown}
            onSelectionChange={keys =>
              setView({
                hidden: Object.fromEntries(
                  sortableColumns.filter(id => keys !== 'all' && !keys.has(id)).map(id => [id, false]),
                ),
              })
            }
          >
            <Header className="menu-header">{texts.domains.columnsTitle}</Header>
            {sortableColumns
              .filter(id => id !== 'domain')
              .map(id => (
                <MenuItem key={id} id={id} className="menu-item">
                  <Icon name="check" className="menu-check" />
                  {texts.domains.columns[id]}
                </MenuItem>
              ))}
          </MenuSection>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
