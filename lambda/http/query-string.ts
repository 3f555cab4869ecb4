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
import { faultRows, invalidRequest, repeatedRow, unknownRow } from '../accounts/query-faults.ts';
import type { Detail } from '../faults.ts';
import { createByteLru } from '../platform/byte-lru.ts';

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
  list: (_, values) => unique(values),
  commas: (_, values) => unique(values.flatMap((value) => value.split(','))),
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
    if (values.length > 1 && form !== 'list' && form !== 'commas') {
      details.push(repeatedRow(name, values.length));
      continue;
    }
    (isFilter(name) ? filter : query)[name] = READERS[form](values[0] ?? '', values);
  }

  const result = z.safeParse(querySchema, query, { reportInput: true });
  if (!result.success) details.push(...faultRows(result.error.issues));
  if (result.success && details.length === 0) return result.data;
  throw invalidRequest(details);
}

/** UTF-16 units of the query strings that are remembered. */
const MAX_REMEMBERED = 256 * 1024;

/** `readQueryString` for one route, which remembers what it read last: partners repeat themselves. */
export function createQueryReader(
  allowed: readonly ParameterName[],
): (event: QueryStringEvent) => Query {
  const known = createByteLru<Query>(MAX_REMEMBERED, () => 0);
  return (event) => {
    const { multiValueQueryStringParameters: multiple, queryStringParameters: single } = event;
    const key = JSON.stringify([multiple ?? single]);
    const read = known.get(key) ?? readQueryString(event, allowed);
    known.set(key, read);
    return read;
  };
}

/**
 * Writes a query as a query string, the same for the same query: what `readQueryString` reads back.
 */
export function writeQueryString(query: Query): string {
  const values: Partial<Record<ParameterName, unknown>> = { ...query, ...query.filter };
  return PARAMETER_NAMES.flatMap((name) => {
    const value = values[name];
    if (value === undefined) return [];
    const list = Array.isArray(value) && PARAMETERS[name].form === 'list' ? value : [value];
    return list.map((one) => `${name}=${encode(String(one))}`);
  }).join('&');
}

/** What may stand in a query as it is (RFC 3986, section 3.4), stays readable. */
const encode = (value: string) =>
  encodeURIComponent(value).replace(/%(?:3A|2C|2F|40)/g, decodeURIComponent);

/** What is asked for twice is asked for once. */
const unique = (values: readonly string[]): readonly string[] => [...new Set(values)];

/** The parameters of a request, undecoded values never among them, in its order. */
export function parametersOf(event: QueryStringEvent): [name: string, values: readonly string[]][] {
  const single = Object.entries(event.queryStringParameters ?? {});
  const multiple = event.multiValueQueryStringParameters;
  if (multiple) return Object.entries(multiple).map(([name, values]) => [name, values ?? ['']]);
  return single.map(([name, value]) => [name, [value ?? '']]);
}
