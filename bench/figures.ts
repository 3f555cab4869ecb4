/** The least and the median of repeated measurements of one thing. */
export function summarise(values: readonly number[]): { least: number; median: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return { least: at(0), median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2 };
}

/** A number with two or three digits that matter. */
export function show(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 0.1 ? 2 : 3);
}

/** What one part of the benchmark found. */
export interface Section {
  /** What was done. */
  readonly about: string;
  /** The head of its table. */
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** The figures that `npm run bench:guard` holds to a limit. */
  readonly held: readonly {
    readonly what: string;
    readonly measured: number;
    readonly limit: number;
  }[];
}
