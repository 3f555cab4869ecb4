import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { DEFAULT_PAGESIZE, isParameter } from '../accounts/parameters.ts';
import { demandScopes, type Query, select, selectOne } from '../accounts/query.ts';
import { type Viewer, viewKeyOf } from '../accounts/view.ts';
import { Fault, isFault } from '../faults.ts';
import { type Clock, deadlineOf } from '../platform/deadline.ts';
import type { InvocationTelemetry } from '../platform/telemetry.ts';
import type { Service } from '../snapshot/container.ts';
import type { Snapshot } from '../snapshot/content.ts';
import { noteSnapshot, type SnapshotAnswer } from '../snapshot/snapshots.ts';
import {
  createQueryReader,
  headerOf,
  LIST_PARAMETERS,
  ONE_ACCOUNT_PARAMETERS,
  parametersOf,
  viewerOf,
} from './request.ts';
import {
  createRepresentation,
  freshnessHeaders,
  type HttpMiddleware,
  type HttpResponse,
  pageLinks,
  type Representation,
  representationOf,
  respond,
} from './response.ts';

export interface RouteOptions {
  /** The service of this container. Throws a Fault where it could not be made. */
  readonly service: () => Pick<Service, 'snapshots'>;
  /**
   * The OpenAPI document for who asks for it there.
   *
   * @throws whatever keeps it from being read
   */
  readonly openApi: (event: APIGatewayProxyEvent) => Promise<Representation>;
  readonly clock: Clock;
  readonly telemetry: InvocationTelemetry;
}

type RemainingTime = Pick<Context, 'getRemainingTimeInMillis'>;
type Route = (event: APIGatewayProxyEvent, context: RemainingTime) => Promise<HttpResponse>;

/**
 * The API's routes behind one function. A method or a resource that is not offered is a Fault
 * `404-901`, should the gateway let it through.
 */
export function createRoutes({ service, openApi, clock, telemetry }: RouteOptions): Route {
  const fetchSnapshot = async (context: RemainingTime): Promise<SnapshotAnswer> => {
    const deadline = deadlineOf(context, { clock });
    try {
      const answer = await service().snapshots.get(deadline);
      noteSnapshot(answer, telemetry);
      return answer;
    } finally {
      deadline.dispose();
    }
  };

  const readListQuery = createQueryReader(LIST_PARAMETERS);
  const readAccountQuery = createQueryReader(ONE_ACCOUNT_PARAMETERS);

  const listAccounts: Route = async (event, context) => {
    const viewer = viewerOf(event);
    const query = readListQuery(event);
    demandScopes(query, viewer.scopes);

    const { snapshot, ...freshness } = await fetchSnapshot(context);
    const question = JSON.stringify([viewKeyOf(viewer), query]);
    const list = representationOf(snapshot, question, () => listOf(snapshot, viewer, query));
    telemetry.note({ count: list.count });
    return respond(list, freshnessHeaders(freshness), headerOf(event, 'if-none-match'));
  };

  const getAccount: Route = async (event, context) => {
    const viewer = viewerOf(event);
    const { fields } = readAccountQuery(event);
    demandScopes({ fields }, viewer.scopes);

    const { snapshot, ...freshness } = await fetchSnapshot(context);
    for (const id of idsOf(event)) {
      const body = selectOne(snapshot, viewer, id, fields);
      if (body === undefined) continue;
      const account = createRepresentation({ body, headers: {} }, 'Ask for fewer fields.');
      return respond(account, freshnessHeaders(freshness), headerOf(event, 'if-none-match'));
    }
    throw new Fault('noSuchAccount');
  };

  const getContract: Route = async (event) => {
    const headers = { 'Cache-Control': 'public, max-age=300', Vary: 'Accept-Encoding' };
    return respond(await openApi(event), headers, headerOf(event, 'if-none-match'));
  };

  const routes = new Map<string, Route>([
    ['/accounts', listAccounts],
    ['/accounts/{id}', getAccount],
    ['/openapi.json', getContract],
  ]);
  return async (event, context) => {
    const route = READING.has(event.httpMethod) ? routes.get(event.resource) : undefined;
    if (route === undefined) throw new Fault('noSuchRoute');
    return await route(event, context);
  };
}

const READING: ReadonlySet<string> = new Set(['GET', 'HEAD']);

function listOf(snapshot: Snapshot, viewer: Viewer, query: Query): Representation {
  const { pagenum = 1, pagesize = DEFAULT_PAGESIZE } = query;
  const { accounts, write, version } = select(snapshot, viewer, query);
  const count = accounts.length;
  const start = (pagenum - 1) * pagesize;
  const page = accounts.slice(start, start + pagesize).map(({ account }) => write(account));
  const info = JSON.stringify({ count, pagenum, pagesize });
  const body = `{"paginationInfo":${info},"account":[${page.join(',')}]}`;
  const headers = { 'Accounts-Version': version(), ...pageLinks(query, count) };
  return createRepresentation(
    { body, headers, count },
    'Ask for a smaller pagesize or for fewer fields.',
  );
}

/**
 * The ids that a path may mean: as it arrived, and with its percent-encoding undone, since it is
 * not documented whether API Gateway has done that.
 */
function idsOf(event: APIGatewayProxyEvent): string[] {
  const id = event.pathParameters?.['id'] ?? '';
  try {
    return [id, decodeURIComponent(id)];
  } catch {
    return [id];
  }
}

/**
 * Puts into the record which parameters were asked for, and which of them were at fault: the names
 * that the contract knows and nothing else, since a value or a made-up name may be anything.
 */
export function queryLog(telemetry: InvocationTelemetry): HttpMiddleware {
  return {
    before({ event }) {
      telemetry.note({ asked: known(parametersOf(event).map(([name]) => name)) });
    },
    onError({ error }) {
      if (!isFault(error, 'invalidRequest', 'scopeMissing')) return;
      telemetry.note({ atFault: known(error.details.map(({ key }) => key)) });
    },
  };
}

function known(names: readonly string[]): string | undefined {
  return [...new Set(names)].filter(isParameter).join(' ') || undefined;
}
