import { count } from '../../app/format.ts';
import { texts } from '../../texts.ts';
import type { Cell, CoverageKind, ServerCoverage } from './coverage.ts';
import { ages, coverageFilters, coverageKinds, strengths } from './coverage.ts';
import { markProps, useRoving } from './use-roving.ts';

interface ChartProps {
  readonly filter: string;
  readonly onFilter: (filter: string) => void;
}

const bar = { left: 52, width: 272, right: 40, height: 11, step: 19 } as const;

/** One bar per server, from signed and proven to not allowed. A part of a bar filters the table below. */
export function CoverageChart(props: ChartProps & { readonly servers: readonly ServerCoverage[] }) {
  const { servers, filter, onFilter } = props;
  const { container, onKeyDown } = useRoving<SVGSVGElement>();
  const longest = Math.max(1, ...servers.map(server => server.total));
  const width = bar.left + bar.width + bar.right;
  const first = servers.flatMap(server => {
    const kind = coverageKinds.find(known => server.counts[known] > 0);
    return kind ? `${server.server} ${kind}` : [];
  })[0];
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- arrow keys move between its buttons
    <svg
      ref={container}
      className="chart"
      role="group"
      aria-label={texts.keysScreen.coverage}
      viewBox={`0 0 ${width} ${Math.max(1, servers.length) * bar.step}`}
      onKeyDown={onKeyDown}
    >
      {servers.map((server, index) => {
        const y = index * bar.step;
        let x: number = bar.left;
        return (
          <g key={server.server}>
            <text x={bar.left - 8} y={y + 14} className="chart-label end">
              {server.server}
            </text>
            {coverageKinds.map(kind => {
              const value = server.counts[kind];
              if (value === 0) return null;
              const size = (value / longest) * bar.width;
              const own = `server:${server.server} ${coverageFilters[kind]}`;
              const mark = markProps(
                first === `${server.server} ${kind}`,
                texts.keysScreen.bar(server.server, kind, value),
                filter === own,
                () => onFilter(filter === own ? '' : own),
              );
              const left = x;
              x += size;
              return (
                <rect
                  key={kind}
                  {...mark}
                  className={`mark-${kind}`}
                  x={left}
                  y={y + 5}
                  width={Math.max(1, size - 1)}
                  height={bar.height}
                >
                  <title>{texts.keysScreen.bar(server.server, kind, value)}</title>
                </rect>
              );
            })}
            <text x={x + 6} y={y + 14} className="chart-value">
              {texts.keysScreen.percent(server.counts.proven, server.total)}
            </text>
          </g>
        );
      })}
    </svg>
  );
}

export function CoverageLegend(props: ChartProps & { readonly counts: Readonly<Record<CoverageKind, number>> }) {
  return (
    <ul className="legend">
      {coverageKinds.map(kind => (
        <li key={kind}>
          <button
            type="button"
            aria-pressed={props.filter === coverageFilters[kind]}
            onClick={() => props.onFilter(props.filter === coverageFilters[kind] ? '' : coverageFilters[kind])}
          >
            <span className={`legend-box mark-${kind}`} />
            {texts.keysScreen.kinds[kind]} <strong>{count(props.counts[kind])}</strong>
          </button>
        </li>
      ))}
    </ul>
  );
}

const matrix = { left: 78, top: 4, column: 60, row: 42, bottom: 22 } as const;

/** Age from left to right, strength from bottom to top; the area of a point is the number of keys. */
export function AgeChart(props: ChartProps & { readonly cells: readonly Cell[] }) {
  const { cells, filter, onFilter } = props;
  const { container, onKeyDown } = useRoving<SVGSVGElement>();
  const most = Math.max(1, ...cells.map(cell => cell.count));
  const rows = [...strengths].reverse();
  const width = matrix.left + ages.length * matrix.column;
  const height = matrix.top + rows.length * matrix.row + matrix.bottom;
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- arrow keys move between its buttons
    <svg
      ref={container}
      className="chart"
      role="group"
      aria-label={texts.keysScreen.ageChart}
      viewBox={`0 0 ${width} ${height}`}
      onKeyDown={onKeyDown}
    >
      {rows.map((strength, index) => (
        <g key={strength.id}>
          <text x={matrix.left - 12} y={matrix.top + (index + 0.5) * matrix.row + 4} className="chart-label end">
            {texts.keysScreen.strengths[strength.id]}
          </text>
          <line
            className="chart-line"
            x1={matrix.left}
            x2={width}
            y1={matrix.top + (index + 0.5) * matrix.row}
            y2={matrix.top + (index + 0.5) * matrix.row}
          />
        </g>
      ))}
      {ages.map((age, index) => (
        <text
          key={age.id}
          x={matrix.left + (index + 0.5) * matrix.column}
          y={height - 6}
          className="chart-label middle"
        >
          {texts.keysScreen.ages[age.id]}
        </text>
      ))}
      {cells.map((cell, index) => {
        const column = ages.findIndex(age => age.id === cell.age);
        const row = rows.findIndex(strength => strength.id === cell.strength);
        const x = matrix.left + (column + 0.5) * matrix.column;
        const y = matrix.top + (row + 0.5) * matrix.row;
        const radius = 6 + 13 * Math.sqrt(cell.count / most);
        const label = texts.keysScreen.point(cell.strength, cell.age, cell.count);
        const isDue = cell.strength === 'weak' || cell.age === 'oldest';
        return (
          <g key={cell.filter}>
            <circle
              {...markProps(index === 0, label, filter === cell.filter, () =>
                onFilter(filter === cell.filter ? '' : cell.filter),
              )}
              className={isDue ? 'mark-due' : 'mark-key'}
              cx={x}
              cy={y}
              r={radius}
            >
              <title>{label}</title>
            </circle>
            <text
              x={radius > 12 ? x : x + radius + 4}
              y={y + 4}
              className={radius > 12 ? 'chart-inside' : 'chart-value'}
              aria-hidden="true"
            >
              {count(cell.count)}
            </text>
          </g>
        );
      })}
    </svg>
  );
}
