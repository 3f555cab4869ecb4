/** What repeated measurements of one thing come to. */
export interface Summary {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** The median, and the quartiles on either side of it. */
export function summarise(values: readonly number[]): Summary {
  return {
    median: quantile(values, 0.5),
    low: quantile(values, 0.25),
    high: quantile(values, 0.75),
  };
}

/** The value below which that share of them lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** A number with as many digits as tell something. */
export function show(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 0.1 ? 2 : 3);
}

/** `median (lower quartile–upper quartile)`. */
export function showSummary({ median, low, high }: Summary): string {
  return `${show(median)} (${show(low)}–${show(high)})`;
}

/** A table in Markdown; the first column holds names, the others numbers. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** One row of "To reach". */
export interface Target {
  readonly what: string;
  readonly target: string;
  readonly measured: string;
  readonly met: boolean;
}

/** What a part of the benchmark has to say. */
export interface Section {
  /** Markdown under the section's heading. */
  readonly text: string;
  readonly targets: readonly Target[];
}

/** A target that is met by `measured` at `target` or below. */
export function atMost(what: string, target: number, measured: number): Target {
  return { what, target: `≤ ${target}`, measured: show(measured), met: measured <= target };
}
