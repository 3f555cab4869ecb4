import * as z from 'zod/mini';
import { FILTER_NAMES, MAX_PAGESIZE, PARAMETERS } from '../accounts/parameters.ts';
import { filterSchema } from '../accounts/query.ts';
import { faultRows, invalidRequest, onePerValue, unknownRow } from '../accounts/refusal.ts';
import type { Detail } from '../faults.ts';
import { isRecord } from '../platform/parse.ts';

const MIN_PAGE_BYTES = 1000;
/** A state holds 256 KiB; Step Functions and the workflow need some of it for themselves. */
const MAX_PAGE_BYTES = 240_000;
const DEFAULT_PAGE_BYTES = 200_000;
/** Input and output together: a state that goes on to the next page holds both. */
const MAX_STATE_BYTES = 256 * 1024 - 4096;
/**
 * Step Functions adds keys of its own to the input of a run that it starts.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-nested-workflows.html
 */
const STEP_FUNCTIONS_PREFIX = 'AWS_STEP_FUNCTIONS_';

const taskInputSchema = z.strictObject({
  filter: z.optional(filterSchema),
  sort: z.optional(PARAMETERS.sort.schema),
  fields: z.optional(PARAMETERS.fields.schema),
  pagesize: z._default(PARAMETERS.pagesize.schema, MAX_PAGESIZE),
  cursor: z.optional(z.nullable(z.string())),
  maxBytes: z._default(
    z.int().check(z.minimum(MIN_PAGE_BYTES), z.maximum(MAX_PAGE_BYTES)),
    DEFAULT_PAGE_BYTES,
  ),
  /** Whether the output names its content. ExportAccounts asks for it, for its manifest. */
  contentHash: z._default(z.boolean(), false),
});

export type TaskInput = Readonly<z.infer<typeof taskInputSchema>>;

const EXPECTED: Readonly<Record<string, string>> = {
  input: 'a JSON object',
  filter: 'an object of filters',
  cursor: 'the cursor of the page before, or null',
  maxBytes: `an integer from ${MIN_PAGE_BYTES} to ${MAX_PAGE_BYTES}`,
  contentHash: 'true or false',
};

/**
 * Checks the event of TaskFunction and fills in defaults. A long input (its lists can take 180 KB)
 * gets smaller pages, so that the page fits into the state beside it.
 *
 * @throws Fault `400-901` with a row for each fault, under its path (`filter.channel.0`)
 */
export function parseTaskInput(event: unknown): TaskInput {
  const left = MAX_STATE_BYTES - bytesOf(event);
  const entries: [string, unknown][] = isRecord(event) ? Object.entries(event) : [];
  const own = entries.filter(([key]) => !key.startsWith(STEP_FUNCTIONS_PREFIX));
  const input = isRecord(event) ? Object.fromEntries(own) : event;
  const result = z.safeParse(taskInputSchema, input, { reportInput: true });
  if (result.success) {
    return { ...result.data, maxBytes: Math.min(result.data.maxBytes, left) };
  }
  const details = onePerValue(result.error.issues).flatMap(rowsOf);
  throw invalidRequest(details, 'A key of the input is unknown, or its value is not one it takes.');
}

/** How much of a state the event takes. */
function bytesOf(event: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(event) ?? '');
  } catch {
    const value = `expected ${EXPECTED['input']}; this is nested too deep to be read`;
    throw invalidRequest([{ key: 'input', value }]);
  }
}

const KEYS = Object.keys(taskInputSchema.shape);

/** The rows of one issue, each under its path. */
function rowsOf(issue: z.core.$ZodIssue): Detail[] {
  const path = issue.path.map(String);
  if (issue.code !== 'unrecognized_keys') {
    return faultRows([issue], 'json', EXPECTED).map(({ key, value }) => ({
      key: path.join('.') || key,
      value,
    }));
  }
  return issue.keys.map((name) => {
    const isMisplaced = path.length === 0 && FILTER_NAMES.some((filter) => filter === name);
    const { key, value } = unknownRow(name, path.length === 0 ? KEYS : FILTER_NAMES, 'json');
    return {
      key: [...path, key].join('.'),
      value: isMisplaced ? `no such key; did you mean filter.${name}?` : value,
    };
  });
}
