import type { APIGatewayProxyEvent } from 'aws-lambda';
import * as z from 'zod/mini';
import {
  isFilter,
  isParameter,
  PARAMETER_NAMES,
  PARAMETERS,
  type ParameterName,
} from '../accounts/parameters.ts';
import { type Query, querySchema } from '../accounts/query.ts';
import { faultRows, unexpectedRow, unknownRow } from '../accounts/query-faults.ts';
import { type Detail, Fault } from '../faults.ts';

type QueryStringEvent = Pick<
  APIGatewayProxyEvent,
  'multiValueQueryStringParameters' | 'queryStringParameters'
>;

/** The parameters that `GET /accounts/{id}` takes. */
export const ONE_ACCOUNT_PARAMETERS: readonly ParameterName[] = ['fields'];
/** The parameters that `GET /accounts` takes. */
export const LIST_PARAMETERS = PARAMETER_NAMES;

/** From how each form is written to its JSON value. */
const READERS: Readonly<
  Record<
    (typeof PARAMETERS)[ParameterName]['form'],
    (text: string, values: readonly string[]) => unknown
  >
> = {
  list: (_, values) => values,
  commas: (text) => text.split(','),
  integer: (text) => (/^[1-9]\d{0,8}$/.test(text) ? Number(text) : text),
  boolean: (text) => text === 'true' || (text === 'false' ? false : text),
  text: (text) => text,
};

/**
 * Reads a query string into the query that both entries share. What can't be turned into the JSON
 * value that the schema wants is left as text, for the schema to refuse.
 *
 * @param allowed the parameters that the route takes.
 * @throws Fault `400-901` with a row for each parameter that is unknown, repeated or out of range.
 */
export function readQueryString(event: QueryStringEvent, allowed: readonly ParameterName[]): Query {
  const filter: Record<string, unknown> = {};
  const query: Record<string, unknown> = { filter };
  const details: Detail[] = [];

  for (const [name, values] of parametersOf(event)) {
    if (!isParameter(name) || !allowed.includes(name)) {
      details.push(unknownRow(name));
      continue;
    }
    const { form } = PARAMETERS[name];
    if (values.length > 1 && form !== 'list') {
      details.push(unexpectedRow(name, 'it once', `${values.length} times`));
      continue;
    }
    (isFilter(name) ? filter : query)[name] = READERS[form](values[0] ?? '', values);
  }

  const result = z.safeParse(querySchema, query, { reportInput: true });
  if (!result.success) details.push(...faultRows(result.error.issues));
  if (result.success && details.length === 0) return result.data;
  throw new Fault('invalidRequest', { details });
}

export function parametersOf(event: QueryStringEvent): [name: string, values: readonly string[]][] {
  const single = Object.entries(event.queryStringParameters ?? {});
  const multiple = event.multiValueQueryStringParameters;
  if (multiple) return Object.entries(multiple).map(([name, values]) => [name, values ?? ['']]);
  return single.map(([name, value]) => [name, [value ?? '']]);
}
