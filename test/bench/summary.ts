export interface Figure {
  /** What was done, and to how much: "plan 10,000 domains over 50 servers". */
  readonly work: string;
  readonly value: number;
  readonly unit: string;
  /** The least that it could be, measured in the same run, in the same unit. */
  readonly floor?: number;
  /** value / floor. */
  readonly ratio?: number;
}

export interface Benchmark {
  readonly name: string;
  readonly figures: readonly Figure[];
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const low = sorted[Math.floor(middle)];
  const high = sorted[Math.ceil(middle)];
  if (low === undefined || high === undefined) throw new Error('no value');
  return (low + high) / 2;
}

/** Medians over several runs of one benchmark. The ratio is the median of the runs' own ratios: each has its own floor. */
export function summarize(runs: readonly Benchmark[]): Benchmark {
  const [first] = runs;
  if (!first) throw new Error('no run');
  const figures = first.figures.map(({ work, unit }) => {
    const same = runs.flatMap(run => run.figures.filter(one => one.work === work && one.unit === unit));
    if (same.length !== runs.length) throw new Error(`${first.name}: "${work}" is not in every run exactly once`);
    const floors = same.flatMap(one => (one.floor === undefined ? [] : [one.floor]));
    const ratios = same.flatMap(({ value, floor, ratio }) =>
      ratio !== undefined ? [ratio] : floor !== undefined && floor > 0 ? [value / floor] : [],
    );
    return {
      work,
      value: median(same.map(one => one.value)),
      unit,
      ...(floors.length > 0 ? { floor: median(floors) } : {}),
      ...(ratios.length > 0 ? { ratio: median(ratios) } : {}),
    };
  });
  return { name: first.name, figures };
}

const shown = (value: number | undefined): string =>
  value === undefined ? '-' : value >= 100 ? value.toFixed(0) : value.toPrecision(3);

export function table(benchmarks: readonly Benchmark[]): string {
  const rows = [['benchmark', 'work', 'median', 'unit', 'floor', 'ratio']];
  for (const { name, figures } of benchmarks) {
    for (const { work, value, unit, floor, ratio } of figures) {
      rows.push([name, work, shown(value), unit, shown(floor), shown(ratio)]);
    }
  }
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0))) ?? [];
  return rows
    .map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
