import type * as z from 'zod/mini';
import { type Columns, type CompareKey, type Sieve, sieveOf } from './compare-keys.ts';
import type { ReadablePath } from './fields.ts';

interface ParameterText {
  /**
   * How a query string writes the value: `list` repeats the parameter; `commas` is a list with
   * commas, and may be repeated as well; the rest may stand once.
   */
  readonly form: 'integer' | 'boolean' | 'text' | 'list' | 'commas';
  /** What a fault says was expected. */
  readonly expected: string;
  /** What the contract says it means. */
  readonly description: string;
}

/** A parameter that says how the answer is cut, and not which accounts it holds. */
export interface OptionRow<Schema extends z.ZodMiniType> extends ParameterText {
  readonly kind: 'option';
  /** Of the JSON value: an integer, a text or a list of texts. */
  readonly schema: Schema;
}

/** A parameter that says which accounts match. */
export interface FilterRow<Schema extends z.ZodMiniType> extends ParameterText {
  readonly kind: 'filter';
  /** Of the JSON value: a boolean, a text or a list of texts. */
  readonly schema: Schema;
  /** The field that the filter looks at, so that the scope of the one is the scope of the other. */
  readonly reads: ReadablePath;
  /** The condition on accounts that a wanted value makes. */
  readonly sieve: (wanted: z.output<Schema>, columns: Columns) => Sieve;
}

interface FilterOptions<Schema extends z.ZodMiniType, Value> extends ParameterText {
  readonly schema: Schema;
  readonly reads: CompareKey<Value>;
  /** Makes the condition of the wanted value. It is handed what the key reads, and nothing else. */
  readonly matches: (wanted: z.output<Schema>) => (value: Value) => boolean;
}

export function option<Schema extends z.ZodMiniType>(
  row: Omit<OptionRow<Schema>, 'kind'>,
): OptionRow<Schema> {
  return { kind: 'option', ...row };
}

export function filter<Schema extends z.ZodMiniType, Value>({
  reads,
  matches,
  ...text
}: FilterOptions<Schema, Value>): FilterRow<Schema> {
  return {
    kind: 'filter',
    ...text,
    reads: reads.path,
    sieve: (wanted, columns) => sieveOf(reads, columns, matches(wanted)),
  };
}
