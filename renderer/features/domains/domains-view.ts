/** How the table of domains is looked at. All but the filter and the selection is remembered between sessions. */
import { create } from 'zustand';
import type { DomainRow } from '../../../shared/model.ts';
import { readRemembered, remember } from '../../app/storage.ts';
import type { SortableColumn } from './order.ts';
import { sortableColumns } from './order.ts';
import type { Selection } from './selection.ts';
import { carriedOver, emptySelection } from './selection.ts';

interface Remembered {
  readonly sort: { readonly id: SortableColumn; readonly desc: boolean };
  readonly hidden: Readonly<Record<string, boolean>>;
  readonly isGrouped: boolean;
}

interface DomainsView extends Remembered {
  readonly filter: string;
  /** The rows that the selection's positions refer to. */
  readonly rows: readonly DomainRow[];
  readonly selection: Selection;
}

const key = 'signet.domains';

function isRemembered(value: unknown): value is Remembered {
  if (typeof value !== 'object' || value === null) return false;
  const { sort, hidden, isGrouped } = value as Partial<Remembered>;
  return (
    typeof sort === 'object' &&
    sortableColumns.includes(sort.id) &&
    typeof sort.desc === 'boolean' &&
    typeof hidden === 'object' &&
    hidden !== null &&
    Object.values(hidden).every(shown => typeof shown === 'boolean') &&
    typeof isGrouped === 'boolean'
  );
}

const initial: Remembered = readRemembered(key, isRemembered) ?? {
  sort: { id: 'domain', desc: false },
  hidden: {},
  isGrouped: false,
};

export const useDomainsView = create<DomainsView>(() => ({
  sort: initial.sort,
  hidden: initial.hidden,
  isGrouped: initial.isGrouped,
  filter: '',
  rows: [],
  selection: emptySelection(0),
}));

export function setFilter(filter: string): void {
  useDomainsView.setState({ filter });
}

export function setView(change: Partial<Remembered>): void {
  useDomainsView.setState(change);
  const { sort, hidden, isGrouped } = useDomainsView.getState();
  remember(key, { sort, hidden, isGrouped });
}

export function changeSelection(change: (selection: Selection) => Selection): void {
  useDomainsView.setState(({ selection }) => ({ selection: change(selection) }));
}

/** Takes a new list of rows; what was selected stays selected where it is still there. */
export function takeRows(rows: readonly DomainRow[]): void {
  useDomainsView.setState(view =>
    view.rows === rows ? {} : { rows, selection: carriedOver(view.selection, view.rows, rows) },
  );
}
