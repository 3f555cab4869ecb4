import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { DEFAULT_PAGESIZE, isParameter, PARAMETER_NAMES } from '../accounts/parameters.ts';
import type { Query } from '../accounts/query.ts';
import { select, selectOne, type Viewer, versionOf, viewKeyOf } from '../accounts/view.ts';
import { Fault, isFault } from '../faults.ts';
import type { Handler } from '../invocation.ts';
import { type Clock, withDeadline } from '../platform/deadline.ts';
import { note } from '../platform/log.ts';
import type { Service } from '../snapshot/container.ts';
import type { Snapshot } from '../snapshot/content.ts';
import { noteSnapshot, type SnapshotAnswer } from '../snapshot/snapshots.ts';
import {
  baseUrlOf,
  demandScopes,
  ONE_ACCOUNT_PARAMETERS,
  parametersOf,
  readQueryString,
  viewerOf,
} from './request.ts';
import {
  createRepresentation,
  freshnessHeaders,
  type HttpMiddleware,
  type HttpResponse,
  type Representation,
  respond,
} from './response.ts';

export interface RouteOptions {
  /** @throws Fault `500-902` if the container's service could not be made */
  readonly service: () => { readonly snapshots: Pick<Service['snapshots'], 'get'> };
  /** Gives the OpenAPI document for the API that received the event. */
  readonly openApi: (event: APIGatewayProxyEvent) => Promise<Representation>;
  /** Times the deadlines. Default: the process's own. */
  readonly clock?: Clock | undefined;
}

type Route = Handler<APIGatewayProxyEvent, HttpResponse>;

/** `GET /accounts`: a page of the accounts that match. */
export function listAccounts(options: RouteOptions): Route {
  return async (event, context) => {
    const viewer = viewerOf(event);
    const { version: asked, ...query } = readQueryString(event, PARAMETER_NAMES);
    demandScopes(event, query, viewer.scopes);

    const isWanted = (one: Snapshot) => asked === undefined || asked === versionOf(one, viewer);
    const { snapshot, ...freshness } = await fetchSnapshot(context, options, isWanted);
    if (!isWanted(snapshot)) throw new Fault('snapshotExpired');
    const version = versionOf(snapshot, viewer);
    const question = JSON.stringify([viewKeyOf(viewer), query]);
    const list = kept(snapshot, question, () => listOf(snapshot, viewer, query));
    note({ count: list.count });
    const headers = {
      ...freshnessHeaders(freshness),
      'Accounts-Version': version,
      ...pageLinks(event, query, list.count, version),
    };
    return respond(list, headers, event);
  };
}

interface List extends Representation {
  /** How many accounts match. */
  readonly count: number;
}

function listOf(snapshot: Snapshot, viewer: Viewer, query: Query): List {
  const { pagenum = 1, pagesize = DEFAULT_PAGESIZE } = query;
  const { accounts, write } = select(snapshot, viewer, query);
  const count = accounts.length;
  const start = (pagenum - 1) * pagesize;
  const page = accounts.slice(start, start + pagesize).map(({ account }) => write(account));
  const info = JSON.stringify({ count, pagenum, pagesize });
  const body = `{"paginationInfo":${info},"account":[${page.join(',')}]}`;
  return {
    ...createRepresentation(body, 'Ask for a smaller pagesize or for fewer fields.'),
    count,
  };
}

/** All answers that a container keeps, in UTF-16 units, each of which takes at most two bytes. */
const MAX_KEPT_UNITS = 16 * 1024 * 1024;

/** By snapshot: the answers by question, and how many units they take. */
const keptLists = new WeakMap<
  Snapshot['accounts'],
  { readonly lists: Map<string, List>; units: number }
>();

/**
 * The answer to a question, which names viewer and query as a whole. A partner that polls asks the
 * same again, so answers are kept as long as the snapshot's accounts are. When too many, all go.
 */
function kept({ accounts }: Snapshot, question: string, make: () => List): List {
  const own = keptLists.get(accounts) ?? { lists: new Map<string, List>(), units: 0 };
  keptLists.set(accounts, own);
  const found = own.lists.get(question);
  if (found !== undefined) return found;
  const list = make();
  const units = question.length + list.body.length;
  if (own.units + units > MAX_KEPT_UNITS) {
    own.lists.clear();
    own.units = 0;
  }
  own.lists.set(question, list);
  own.units += units;
  return list;
}

/** API Gateway passes on 10,240 bytes of headers; this leaves room for the others. */
const MAX_LINK_BYTES = 9000;

/**
 * The `Link` header of a list: absolute URLs with the same query, since many clients cannot resolve
 * relative ones. `next` and `prev` have the version, so a client that follows them gets a whole list or
 * learns that the accounts have changed. For a page past the end, the previous one is the last. Of links
 * that do not all fit, the most useful stay.
 *
 * @param count how many accounts match
 * @see https://www.rfc-editor.org/rfc/rfc8288#section-3
 */
function pageLinks(
  event: APIGatewayProxyEvent,
  { pagenum = 1, pagesize = DEFAULT_PAGESIZE }: Query,
  count: number,
  version: string,
): Record<string, string> {
  const last = Math.max(1, Math.ceil(count / pagesize));
  const bound = `&version=${version}`;
  const asked = parametersOf(event);
  const asAsked = asked.some(([name]) => name === 'version') ? bound : '';
  const pages = [
    ['next', pagenum < last ? pagenum + 1 : undefined, bound],
    ['prev', pagenum > 1 ? Math.min(pagenum - 1, last) : undefined, bound],
    ['first', 1, asAsked],
    ['last', last, asAsked],
  ] as const;
  const rest = asked
    .filter(([name]) => name !== 'pagenum' && name !== 'version')
    .flatMap(([name, values]) => values.map((value) => `&${name}=${encodeURIComponent(value)}`))
    .join('')
    // Keeps readable what a query may hold unencoded (RFC 3986, section 3.4).
    .replace(/%(?:3A|2C|2F|40)/g, decodeURIComponent);
  const base = baseUrlOf(event);
  const url = base === '' ? '' : `${base}${event.resource}`;
  const links: string[] = [];
  let size = 0;
  for (const [relation, page, of] of pages) {
    if (page === undefined) continue;
    const link = `<${url}?pagenum=${page}${rest}${of}>; rel="${relation}"`;
    size += link.length + 2;
    if (size > MAX_LINK_BYTES) break;
    links.push(link);
  }
  return links.length === 0 ? {} : { Link: links.join(', ') };
}

/** `GET /accounts/{id}`: one account. */
export function getAccount(options: RouteOptions): Route {
  return async (event, context) => {
    const viewer = viewerOf(event);
    const { fields } = readQueryString(event, ONE_ACCOUNT_PARAMETERS);
    demandScopes(event, { fields }, viewer.scopes);

    const { snapshot, ...freshness } = await fetchSnapshot(context, options);
    for (const id of idsOf(event)) {
      const body = selectOne(snapshot, viewer, id, fields);
      if (body === undefined) continue;
      const account = createRepresentation(body, 'Ask for fewer fields.');
      return respond(account, freshnessHeaders(freshness), event);
    }
    throw new Fault('noSuchAccount');
  };
}

/** The id as it arrived, and decoded: AWS does not document whether API Gateway has decoded it. */
function idsOf(event: APIGatewayProxyEvent): string[] {
  const id = event.pathParameters?.['id'] ?? '';
  try {
    return [id, decodeURIComponent(id)];
  } catch {
    return [id];
  }
}

/** `GET /openapi.json`: the contract; it needs no service. */
export function getContract({ openApi }: RouteOptions): Route {
  return async (event) => {
    const headers = { 'Cache-Control': 'public, max-age=300', Vary: 'Accept-Encoding' };
    return respond(await openApi(event), headers, event);
  };
}

async function fetchSnapshot(
  context: Context,
  { service, clock }: RouteOptions,
  isWanted: (snapshot: Snapshot) => boolean = () => true,
): Promise<SnapshotAnswer> {
  const answer = await withDeadline(
    context,
    (deadline) => service().snapshots.get(deadline, { isWanted }),
    { clock },
  );
  noteSnapshot(answer);
  return answer;
}

/**
 * Sends each request to its route, by resource.
 *
 * @throws Fault `404-901` for any other resource or method, should the gateway let it through
 */
export function router(routes: Readonly<Record<string, Route>>): Route {
  return async (event, context) => {
    const { httpMethod, resource } = event;
    const reads = httpMethod === 'GET' || httpMethod === 'HEAD';
    const route = reads && Object.hasOwn(routes, resource) ? routes[resource] : undefined;
    if (route === undefined) throw new Fault('noSuchRoute');
    return await route(event, context);
  };
}

/**
 * Middleware: notes which parameters were asked for and which were at fault, by the contract's names
 * only: a value or an unknown name could be anything.
 */
export const queryLog: HttpMiddleware = {
  before({ event }) {
    note({ asked: known(parametersOf(event).map(([name]) => name)) });
  },
  onError({ error }) {
    if (!isFault(error, 'invalidRequest', 'scopeMissing')) return;
    note({ atFault: known(error.details.map(({ key }) => key)) });
  },
};

function known(names: readonly string[]): string | undefined {
  return [...new Set(names)].filter(isParameter).join(' ') || undefined;
}
