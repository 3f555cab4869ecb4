import * as z from 'zod/mini';
import { accountSchema } from '../../lambda/egain/account.ts';
import { readDateTime } from '../../lambda/platform/date-time.ts';

/** How a page of eGain's differs from the contract. Each line names a path, never a value. */
export interface Differences {
  /** What the product refuses a page for. */
  readonly faults: readonly string[];
  /** What it leaves out of an account, or takes as it is. */
  readonly notes: readonly string[];
}

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

type Path = readonly (string | number)[];

const NUMBER = { type: ['integer', 'string'] };
const PAGE_SCHEMA: JsonSchema = {
  type: 'object',
  required: ['paginationInfo', 'account'],
  properties: {
    paginationInfo: {
      type: 'object',
      required: ['count'],
      properties: { count: NUMBER, pagenum: NUMBER, pagesize: NUMBER },
    },
    account: {
      type: 'array',
      items: z.toJSONSchema(accountSchema, { io: 'input' }) as JsonSchema,
    },
  },
};
const AVAILABILITY: ReadonlySet<unknown> = new Set(['off_hours', 'retain_and_retry']);

/** Every difference of a page from the contract; accounts with the same difference share a line. */
export function contractDifferences(page: unknown): Differences {
  const faults = new Tally();
  const notes = new Tally();
  compare(page, PAGE_SCHEMA, [], faults, notes);
  return { faults: faults.lines(), notes: notes.lines() };
}

function compare(
  value: unknown,
  schema: JsonSchema,
  path: Path,
  faults: Tally,
  notes: Tally,
): void {
  const alternatives = schema.anyOf ?? [schema];
  const types = alternatives.flatMap(({ type = [] }) => type);
  const actual = typeName(value);
  if (!types.includes(actual) && !(actual === 'integer' && types.includes('number'))) {
    // Within an account, what is not as documented is left out, as if eGain had not sent it.
    const within = path.length > 2;
    const text = `is ${actual}, expected ${types.find((type) => type !== 'null')}`;
    (within ? notes : faults).add(path, within ? `${text}; it is left out` : text);
    return;
  }
  const known = alternatives.find(({ items, properties }) => items ?? properties) ?? {};
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      compare(item, known.items ?? {}, [...path, index], faults, notes);
    }
  }
  if (!isObject(value)) return;
  const { properties = {}, required = [] } = known;
  for (const name of required.filter((one) => value[one] === undefined)) {
    (path.length > 1 ? notes : faults).add([...path, name], 'is missing');
  }
  for (const [name, child] of Object.entries(value)) {
    const childSchema = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (childSchema === undefined) notes.add([...path, name], 'is unknown to the contract');
    else compare(child, childSchema, [...path, name], faults, notes);
  }
  for (const [name, text] of oddities(value, path)) notes.add([...path, name], text);
}

/** What the contract allows, and may surprise somebody. */
function* oddities(
  value: Readonly<Record<string, unknown>>,
  path: Path,
): Generator<readonly [name: string, text: string]> {
  const at = pathText(path, '[]');
  if (at === 'account[]') {
    if ((value['id'] ?? null) === null) yield ['id', 'is missing; nobody can ask for it by id'];
    for (const name of ['created', 'modified']) {
      const date = value[name];
      if (typeof date === 'string' && readDateTime(date) === undefined) {
        yield [name, 'is no date-time; it is left out'];
      }
    }
  }
  if (at === 'account[].chatConfigurations') {
    const name = 'onAgentUnavailability';
    if (typeof value[name] === 'string' && !AVAILABILITY.has(value[name])) {
      yield [name, 'has a value that the contract does not name'];
    }
  }
  if (at === 'paginationInfo') {
    for (const name of ['pagenum', 'pagesize']) {
      if (value[name] === undefined) yield [name, 'is missing'];
    }
  }
}

/** Counts by path and text, so that 500 accounts with the same difference make one line. */
class Tally {
  readonly #rows = new Map<string, { first: string; count: number; listed: boolean }>();

  add(path: Path, text: string): void {
    const line = `${pathText(path, '[]')} ${text}`;
    const row = this.#rows.get(line);
    if (row !== undefined) row.count += 1;
    else {
      const first = pathText(path);
      this.#rows.set(line, { first, count: 1, listed: path.some(Number.isInteger) });
    }
  }

  lines(): string[] {
    return [...this.#rows].map(([line, { first, count, listed }]) =>
      listed ? `${line} (${count} ${count === 1 ? 'time' : 'times'}, first ${first})` : line,
    );
  }
}

/** A field's name is eGain's text too, and may be an address: what does not look like a name is not shown. */
const FIELD_NAME = /^[A-Za-z_$][A-Za-z_-]{0,39}\d{0,2}$/;

function pathText(path: Path, position?: string): string {
  const text = path
    .map((key) => {
      if (typeof key === 'number') return position ?? `[${key}]`;
      return `.${FIELD_NAME.test(key) ? key : '(a name that is not shown)'}`;
    })
    .join('');
  return text === '' ? '(the whole answer)' : text.replace(/^\./, '');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The type of a value in the words of JSON Schema. */
function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' && Number.isInteger(value) ? 'integer' : typeof value;
}
