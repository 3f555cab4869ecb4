/** What repeated measurements of one thing come to. */
export interface Summary {
  readonly least: number;
  readonly median: number;
}

export function summarise(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  const [least = Number.NaN] = sorted;
  const below = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  const above = sorted[Math.ceil((sorted.length - 1) / 2)] ?? Number.NaN;
  return { least, median: (below + above) / 2 };
}

/** A number with two or three digits that matter. */
export function show(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 0.1 ? 2 : 3);
}

/** A table in Markdown: the first column holds names, the others numbers. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** What one part of the benchmark found. */
export interface Section {
  /** Markdown: what was done, and a table. */
  readonly text: string;
  /** The figures that `npm run bench:guard` holds to a limit. */
  readonly held: readonly {
    readonly what: string;
    readonly measured: number;
    readonly limit: number;
  }[];
}
