import { useEffect, useMemo, useRef } from 'react';
import type { PendingRow } from '../../../shared/contract.ts';
import type { Problem } from '../../../shared/problem.ts';
import { until } from '../../app/format.ts';
import { go } from '../../app/router.ts';
import { Badge } from '../../components/basics.tsx';
import type { GridColumn } from '../../components/grid.tsx';
import { Grid } from '../../components/grid.tsx';
import type { GridLine } from '../../components/grid-lines.ts';
import { texts } from '../../texts.ts';
import { groupPending, isLater } from './pending-model.ts';
import { leaveOut, usePendingView } from './pending-view.ts';

interface Props {
  readonly pending: readonly PendingRow[];
  readonly stale: ReadonlyMap<string, Problem | null>;
  readonly openId: string | null;
  readonly now: number;
}

/** The staged changes by server and domain. A tick means "in the next run". */
export function PendingTree({ pending, stale, openId, now }: Props) {
  const { leftOut } = usePendingView();
  const lines = useMemo(() => {
    const all: GridLine[] = groupPending(pending).flatMap(group => [
      { kind: 'group' as const, name: group.server, rows: Uint32Array.from(group.rows) },
      ...group.rows.map(row => ({ kind: 'row' as const, row })),
    ]);
    return { length: all.length, at: (line: number) => all[line] };
  }, [pending]);
  const columns = useMemo<readonly GridColumn<PendingRow>[]>(
    () => [
      {
        id: 'domain',
        title: texts.pending.columns.domain,
        least: 9,
        cell: change => change.domain ?? texts.intents['mail-settings'],
      },
      {
        id: 'change',
        title: texts.pending.columns.change,
        width: 10.5,
        // oxlint-disable-next-line react/no-unstable-nested-components -- a function that draws a cell, not a component
        cell: change => <ChangeBadge change={change} isStale={stale.has(change.id)} now={now} />,
      },
    ],
    [stale, now],
  );
  const isIn = (position: number) => !leftOut.has(pending[position]?.id ?? '');
  const toggle = (positions: readonly number[], to?: boolean) => {
    const ids = positions.flatMap(position => pending[position]?.id ?? []);
    leaveOut(ids, !(to ?? !positions.every(isIn)));
  };
  const everything = pending.map((_, position) => position);
  const included = everything.filter(isIn).length;

  return (
    <div className="page-list pending-tree">
      <Grid
        label={texts.screens.pending}
        isTree
        opensOnMove
        rows={pending}
        lines={lines}
        columns={columns}
        rowKey={change => change.id}
        rowClass={change => (leftOut.has(change.id) ? 'left-out' : '')}
        // oxlint-disable-next-line react/no-unstable-nested-components -- a function that draws a heading, not a component
        groupTitle={(name, positions) => (
          <ServerLine name={name} positions={[...positions]} isIn={isIn} onToggle={toggle} />
        )}
        selection={{
          isSelected: isIn,
          toggle,
          toggleAll: () => toggle(everything, included < pending.length),
          all: included === pending.length,
          some: included > 0 && included < pending.length,
          allLabel: texts.pending.includeAll,
          rowLabel: change =>
            texts.pending.include(
              change.domain ?? texts.intents['mail-settings'],
              change.server,
              texts.intents[change.intent],
            ),
        }}
        openKey={openId}
        onOpen={change => go('pending', change.id)}
      />
    </div>
  );
}

function ChangeBadge(props: { readonly change: PendingRow; readonly isStale: boolean; readonly now: number }) {
  const { change, now } = props;
  if (props.isStale)
    return (
      <Badge tone="warn" icon="warning">
        {texts.pending.stale}
      </Badge>
    );
  if (isLater(change, now))
    return (
      <Badge tone="neutral" icon="clock">
        {texts.intents[change.intent]} {until(change.notBefore ?? '', now)}
      </Badge>
    );
  return (
    <Badge tone="pending">
      {change.mailSettings ? texts.pending.settingsBadge(change.mailSettings) : texts.intents[change.intent]}
    </Badge>
  );
}

function ServerLine(props: {
  readonly name: string;
  readonly positions: readonly number[];
  readonly isIn: (position: number) => boolean;
  readonly onToggle: (positions: readonly number[], to?: boolean) => void;
}) {
  const box = useRef<HTMLInputElement>(null);
  const included = props.positions.filter(props.isIn).length;
  const isAll = included === props.positions.length;
  useEffect(() => {
    if (box.current) box.current.indeterminate = included > 0 && !isAll;
  });
  return (
    <span className="server-line">
      <input
        ref={box}
        type="checkbox"
        tabIndex={-1}
        aria-label={texts.pending.includeServer(props.name)}
        checked={isAll}
        onChange={() => props.onToggle(props.positions, !isAll)}
      />
      {props.name}
      <span className="group-note">{texts.pending.inRun(included, props.positions.length)}</span>
    </span>
  );
}
