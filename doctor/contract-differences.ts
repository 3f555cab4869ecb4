import * as z from 'zod/mini';
import { accountsPageSchema } from '../lambda/egain/account.ts';
import { readDateTime } from '../lambda/platform/date-time.ts';

/** How a page of eGain's differs from the contract; each line names a path, never a value. */
export interface Differences {
  /** What the product refuses a page for. */
  readonly faults: readonly string[];
  /** What it takes as it is, and drops or passes on. */
  readonly notes: readonly string[];
}

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

type Path = readonly PropertyKey[];

const PAGE_SCHEMA = z.toJSONSchema(accountsPageSchema, { io: 'input' }) as JsonSchema;
const AVAILABILITY: ReadonlySet<unknown> = new Set(['off_hours', 'retain_and_retry']);

/** Every difference of a page from the contract, list positions taken together. */
export function contractDifferences(page: unknown): Differences {
  const result = z.safeParse(accountsPageSchema, page);
  const faults = new Tally();
  for (const issue of result.success ? [] : result.error.issues) {
    faults.add(issue.path, faultText(issue, at(page, issue.path)));
  }
  const notes = new Tally();
  noteUnknownFields(page, PAGE_SCHEMA, [], notes);
  for (const [index, account] of entriesOf(at(page, ['account']))) {
    noteOddities(account, ['account', index], notes);
  }
  const numbers = at(page, ['paginationInfo']);
  for (const key of ['pagenum', 'pagesize']) {
    if (isObject(numbers) && numbers[key] === undefined)
      notes.add(['paginationInfo', key], 'is missing');
  }
  return { faults: faults.lines(), notes: notes.lines() };
}

function faultText(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined) return 'is missing';
  if (issue.code === 'invalid_type') {
    const expected = issue.expected === 'int' ? 'whole number' : issue.expected;
    return `is ${typeName(value)}, expected ${expected}`;
  }
  return issue.code === 'too_small' ? `is below ${issue.minimum}` : 'is not what the contract says';
}

function noteUnknownFields(value: unknown, schema: JsonSchema, path: Path, notes: Tally): void {
  const known = schema.anyOf?.find(({ type }) => type !== 'null') ?? schema;
  if (known.items !== undefined) {
    for (const [index, item] of entriesOf(value)) {
      noteUnknownFields(item, known.items, [...path, index], notes);
    }
  }
  if (known.properties === undefined || !isObject(value)) return;
  for (const [key, child] of Object.entries(value)) {
    const childSchema = Object.hasOwn(known.properties, key) ? known.properties[key] : undefined;
    if (childSchema === undefined)
      notes.add([...path, key], 'is unknown to the contract; it is dropped');
    else noteUnknownFields(child, childSchema, [...path, key], notes);
  }
}

/** What the contract allows, or the product is lenient about, but somebody may stumble over. */
function noteOddities(account: unknown, path: Path, notes: Tally): void {
  const id = at(account, ['id']);
  if (id === undefined || id === null)
    notes.add([...path, 'id'], "is missing; it can't be asked for by id");
  for (const key of ['created', 'modified']) {
    const date = at(account, [key]);
    if (typeof date === 'string' && readDateTime(date) === undefined) {
      notes.add([...path, key], 'is no date-time; filters and sorting by it leave it out');
    }
  }
  const availability = at(account, ['chatConfigurations', 'onAgentUnavailability']);
  if (typeof availability === 'string' && !AVAILABILITY.has(availability)) {
    const key = ['chatConfigurations', 'onAgentUnavailability'];
    notes.add([...path, ...key], 'has a value that the contract does not name');
  }
}

/** Counts by path and text, so that 500 accounts with the same fault make one line. */
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

/** A field's name is eGain's text too: what doesn't look like one is not repeated. */
const FIELD_NAME = /^[A-Za-z_$][A-Za-z_-]{0,39}\d{0,2}$/;

function pathText(path: Path, position?: string): string {
  const text = path
    .map((key) => {
      if (typeof key === 'number') return position ?? `[${key}]`;
      return `.${FIELD_NAME.test(String(key)) ? String(key) : '(a name that is not shown)'}`;
    })
    .join('');
  return text === '' ? '(the whole answer)' : text.replace(/^\./, '');
}

function at(value: unknown, path: Path): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = (found as Record<PropertyKey, unknown>)[key];
  }
  return found;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function entriesOf(value: unknown): [number, unknown][] {
  return Array.isArray(value) ? [...value.entries()] : [];
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' && !Number.isInteger(value)
    ? 'number (not whole)'
    : typeof value;
}
