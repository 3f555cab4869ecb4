import type { APIGatewayProxyEvent } from 'aws-lambda';
import * as z from 'zod/mini';
import { SCOPES } from '../accounts/fields.ts';
import {
  isFilter,
  isParameter,
  PARAMETER_NAMES,
  PARAMETERS,
  type ParameterName,
} from '../accounts/parameters.ts';
import {
  faultRows,
  invalidRequest,
  type Query,
  querySchema,
  repeatedRow,
  unknownRow,
} from '../accounts/query.ts';
import { accountRuleSchema, type Viewer } from '../accounts/view.ts';
import { type Detail, Fault } from '../faults.ts';
import { createByteLru } from '../platform/util.ts';

export type AuthorizedEvent = Pick<APIGatewayProxyEvent, 'requestContext'>;

/** What the authorizer says of the caller. API Gateway carries strings alone. */
function contextOf(event: AuthorizedEvent): Readonly<Record<string, unknown>> {
  const context: { authorizer?: Record<string, unknown> | null | undefined } | undefined =
    event.requestContext;
  return context?.authorizer ?? {};
}

/** UTF-16 units of the contexts that are remembered: more than a container's partners have. */
const MAX_VIEWER_UNITS = 256 * 1024;
const viewers = createByteLru<Viewer>(MAX_VIEWER_UNITS, () => 0);

/** The partner's name, as the authorizer found it. */
export function partnerOf(event: AuthorizedEvent): string | undefined {
  const { partner } = contextOf(event);
  return typeof partner === 'string' ? partner : undefined;
}

/**
 * What the authorizer lets the caller see.
 *
 * @throws Fault `403-901` without the scope that opens the routes: the authorizer refuses that
 * already, but a route that was deployed without it must not stand open.
 * @throws when the account rule can't be read: without its rule a partner would see too much.
 */
export function viewerOf(event: AuthorizedEvent): Viewer {
  const { scopes, accounts } = contextOf(event);
  const key = JSON.stringify([scopes, accounts]);
  const viewer = viewers.get(key) ?? readViewer(scopes, accounts);
  viewers.set(key, viewer);
  return viewer;
}

function readViewer(scopes: unknown, accounts: unknown): Viewer {
  const granted = new Set(typeof scopes === 'string' ? scopes.split(' ') : []);
  const open = SCOPES.filter((scope) => granted.has(scope));
  if (!open.includes('accounts/read')) throw new Fault('clientNotAllowed');
  if (accounts === undefined || accounts === null) return { scopes: new Set(open) };
  const rule = z.parse(accountRuleSchema, JSON.parse(z.parse(z.string(), accounts)));
  return { scopes: new Set(open), rule };
}

/** Whether nothing is hidden from the caller: no field, and no account. */
export function seesEverything(event: AuthorizedEvent): boolean {
  try {
    const { scopes, rule } = viewerOf(event);
    return rule === undefined && scopes.size === SCOPES.length;
  } catch {
    // Who they are can't be read, so nothing says that they may see it all.
    return false;
  }
}

export type HeadersEvent = Pick<APIGatewayProxyEvent, 'headers' | 'multiValueHeaders'>;

/**
 * A request's header, whatever the case of its name; one that was sent repeatedly as one list.
 *
 * @param name in lower case.
 */
export function headerOf(event: HeadersEvent, name: string): string | undefined {
  return find(event.multiValueHeaders, name)?.join(', ') ?? find(event.headers, name);
}

function find<T>(headers: Readonly<Record<string, T>> | null | undefined, name: string) {
  return Object.entries(headers ?? {}).find(([key]) => key.toLowerCase() === name)?.[1];
}

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
const MAX_QUERY_UNITS = 256 * 1024;

/** `readQueryString` for one route, which remembers what it read last: partners repeat themselves. */
export function createQueryReader(
  allowed: readonly ParameterName[],
): (event: QueryStringEvent) => Query {
  const known = createByteLru<Query>(MAX_QUERY_UNITS, () => 0);
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

const ACCEPTABLE = /^[A-Za-z0-9._:-]{1,128}$/;

/**
 * The id that an answer, its log line and the caller's own records share: the caller's
 * `X-Correlation-Id` where it is a plain word of at most 128 characters (anything else would let a
 * caller write into logs and headers), else the gateway's request id.
 *
 * @returns undefined for an event that has neither, such as one made by hand
 */
export function correlationIdOf(
  event: HeadersEvent & Pick<APIGatewayProxyEvent, 'requestContext'>,
): string | undefined {
  // What an event of the gateway always has may be missing from one made by hand in a console.
  const context: { requestId?: string } | undefined = event.requestContext;
  const candidates = [headerOf(event, 'x-correlation-id'), context?.requestId];
  return candidates.find((id) => id !== undefined && ACCEPTABLE.test(id));
}
