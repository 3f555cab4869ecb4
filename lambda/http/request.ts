import type { APIGatewayProxyEvent } from 'aws-lambda';
import * as z from 'zod/mini';
import { accountRuleSchema, COMPARABLES } from '../accounts/compare.ts';
import { type FieldPath, missingScope, SCOPES, type Scope } from '../accounts/fields.ts';
import {
  FILTER_NAMES,
  isFilter,
  isParameter,
  PARAMETERS,
  type ParameterName,
} from '../accounts/parameters.ts';
import { type Query, querySchema } from '../accounts/query.ts';
import { faultRows, invalidRequest, MAX_ROWS, unknownRow } from '../accounts/refusal.ts';
import type { Viewer } from '../accounts/view.ts';
import { type Detail, Fault } from '../faults.ts';

/** An event made by hand in a console may have no context. */
function contextOf(event: APIGatewayProxyEvent): Partial<APIGatewayProxyEvent['requestContext']> {
  const context: APIGatewayProxyEvent['requestContext'] | null | undefined = event.requestContext;
  return context ?? {};
}

/**
 * The URL of the API: the host that API Gateway serves and the path before the route. It is never
 * made from a header. Empty if the event does not say.
 */
export function baseUrlOf(event: APIGatewayProxyEvent): string {
  const { resource } = event;
  const { domainName, path: asked } = contextOf(event);
  // API Gateway answers a route with a slash at its end too.
  const path = asked?.replace(/\/$/, '');
  if (!domainName || !path?.endsWith(resource)) return '';
  const scheme = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::|$)/.test(domainName) ? 'http' : 'https';
  return `${scheme}://${domainName}${path.slice(0, -resource.length)}`;
}

export function partnerOf(event: APIGatewayProxyEvent): string | undefined {
  const partner: unknown = contextOf(event).authorizer?.['partner'];
  return typeof partner === 'string' ? partner : undefined;
}

/**
 * What the authorizer lets the caller see.
 *
 * @throws Fault `403-901` without the scope that opens the routes: the authorizer refuses that too,
 *   but a route that was deployed without it must not stand open
 * @throws if the account rule is malformed: without its rule a partner would see too much
 */
export function viewerOf(event: APIGatewayProxyEvent): Viewer {
  const { scopes, accounts }: { scopes?: unknown; accounts?: unknown } =
    contextOf(event).authorizer ?? {};
  const granted = new Set(typeof scopes === 'string' ? scopes.split(' ') : []);
  const open = SCOPES.filter((scope) => granted.has(scope));
  if (!open.includes('accounts/read')) throw new Fault('clientNotAllowed');
  if (accounts === undefined || accounts === null) return { scopes: new Set(open) };
  const rule = z.parse(accountRuleSchema, JSON.parse(z.parse(z.string(), accounts)));
  return { scopes: new Set(open), rule };
}

/** Whether nothing is hidden from the caller: no field and no account. */
export function seesEverything(event: APIGatewayProxyEvent): boolean {
  try {
    const { scopes, rule } = viewerOf(event);
    return rule === undefined && scopes.size === SCOPES.length;
  } catch {
    return false;
  }
}

/**
 * A header of the request, in any case; one that was sent repeatedly as one list.
 *
 * @param name in lower case
 */
export function headerOf(event: APIGatewayProxyEvent, name: string): string | undefined {
  const headers = Object.entries({ ...event.headers, ...event.multiValueHeaders });
  const [, value] = headers.find(([key]) => key.toLowerCase() === name) ?? [];
  return value && [value].flat().join(', ');
}

const ACCEPTABLE_ID = /^[A-Za-z0-9._:-]{1,128}$/;

/**
 * The caller's `X-Correlation-Id`, if it is a plain word of at most 128 characters (anything else
 * could write into logs and headers), else the gateway's request id.
 */
export function correlationIdOf(event: APIGatewayProxyEvent): string | undefined {
  const candidates = [headerOf(event, 'x-correlation-id'), contextOf(event).requestId];
  return candidates.find((id) => id !== undefined && ACCEPTABLE_ID.test(id));
}

/** The parameters that `GET /accounts/{id}` takes. */
export const ONE_ACCOUNT_PARAMETERS: readonly ParameterName[] = ['fields'];

type Form = (typeof PARAMETERS)[ParameterName]['form'];
/** How each form of parameter becomes its JSON value. */
const READERS: Record<Form, (text: string, values: readonly string[]) => unknown> = {
  list: (_, values) => values,
  commas: (_, values) => values.flatMap((value) => value.split(',').map((part) => part.trim())),
  integer: (text) => (/^[1-9]\d{0,8}$/.test(text) ? Number(text) : text),
  boolean: (text) => /^true$/i.test(text) || (/^false$/i.test(text) ? false : text),
  text: (text) => text,
};

/**
 * Reads a query string into the query that partners and workflows share. What is not the JSON value
 * that the schema wants stays text, and the schema refuses it.
 *
 * @throws Fault `400-901` with a row for each parameter that is unknown, repeated or out of range
 */
export function readQueryString(
  event: APIGatewayProxyEvent,
  allowed: readonly ParameterName[],
): Query {
  const filter: Record<string, unknown> = {};
  const query: Record<string, unknown> = { filter };
  const details: Detail[] = [];

  for (const [name, values] of parametersOf(event)) {
    if (!isParameter(name) || !allowed.includes(name)) {
      // Looking for what is meant takes time, so only the rows that are shown say it.
      details.push(unknownRow(name, details.length < MAX_ROWS ? allowed : [], 'query'));
      continue;
    }
    const { form } = PARAMETERS[name];
    if (values.length > 1 && form !== 'list' && form !== 'commas') {
      const value = `may be given once; it was given ${values.length} times`;
      details.push({ key: name, value });
      continue;
    }
    (isFilter(name) ? filter : query)[name] = READERS[form](values[0] ?? '', values);
  }

  const result = z.safeParse(querySchema, query, { reportInput: true });
  if (!result.success) details.push(...faultRows(result.error.issues, 'query'));
  if (result.success && details.length === 0) return result.data;
  throw invalidRequest(details);
}

/**
 * @throws Fault `403-902` with a row for each filter and path that the scopes do not open: the answer
 *   to a filter on a hidden field would tell what the field holds
 */
export function demandScopes(
  event: APIGatewayProxyEvent,
  { filter = {}, fields = [] }: Pick<Query, 'filter' | 'fields'>,
  scopes: ReadonlySet<Scope>,
): void {
  const withheld = String(contextOf(event).authorizer?.['withheld'] ?? '').split(' ');
  const filters = FILTER_NAMES.filter((name) => filter[name] !== undefined);
  const asked: [key: string, path: FieldPath][] = [
    ...filters.map((name): [string, FieldPath] => [name, COMPARABLES[PARAMETERS[name].reads].path]),
    ...Array.from(new Set(fields), (path): [string, FieldPath] => ['fields', path]),
  ];
  const details = asked.flatMap(([key, path]) => {
    const scope = missingScope(path, scopes);
    if (scope === undefined) return [];
    const why = withheld.includes(scope)
      ? "; your token has it, but your entry at the operator's does not grant it"
      : '';
    return [{ key, value: `${path} needs the scope ${scope}${why}` }];
  });
  if (details.length > 0) throw new Fault('scopeMissing', { details });
}

/** The request's parameters with their decoded values. */
export function parametersOf(event: APIGatewayProxyEvent): [name: string, values: string[]][] {
  const parameters = event.multiValueQueryStringParameters ?? event.queryStringParameters ?? {};
  return Object.entries(parameters).map(([name, values]) => [name, [values ?? ''].flat()]);
}
