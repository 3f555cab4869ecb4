import autocannon from 'autocannon';
import { type Child, startChild } from './child.ts';
import { type Section, show, showSummary, summarise, type Target, table } from './statistics.ts';
import type { World } from './world.ts';

const CONNECTIONS = [1, 10, 50] as const;
const ACCOUNTS = 1000;
const LATENCY_MS = 50;
const TURNS = 2;
const SECONDS = 2;

/** Something that partners send requests to. */
interface Server {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly process: Child;
  /** One answer takes longer than a turn, so answers are counted and not seconds. */
  readonly slow: boolean;
}

interface Run {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpuMs: number;
}

/** Partners' requests over local HTTP, and what each of them costs eGain. */
export async function measureLoad(world: World): Promise<Section> {
  await world.set({ accounts: ACCOUNTS, latencyMs: LATENCY_MS });
  const servers = await startServers(world);
  const [ours, express, fastify] = servers;
  const rows: string[][] = [];
  let ratio = Number.NaN;
  for (const connections of CONNECTIONS) {
    const runs = new Map<Server, Run[]>(servers.map((server) => [server, []]));
    for (let turn = 0; turn < TURNS; turn += 1) {
      for (const server of servers) runs.get(server)?.push(await load(server, connections));
    }
    const perSecond = (server: Server) =>
      summarise((runs.get(server) ?? []).map((run) => run.perSecond));
    if (connections === 10) ratio = perSecond(ours).median / perSecond(express).median;
    for (const server of servers) {
      const taken = runs.get(server) ?? [];
      rows.push([
        server.name,
        String(connections),
        showSummary(perSecond(server)),
        show(perSecond(ours).median / perSecond(server).median),
        ...(['p50', 'p99', 'cpuMs'] as const).map((key) =>
          showSummary(summarise(taken.map((run) => run[key]))),
        ),
      ]);
    }
  }
  const costs = await measureCosts(world, servers);
  await Promise.all([express.process.stop(), fastify.process.stop()]);
  const head = ['', 'connections', 'requests/s', 'ours against it', 'p50, ms', 'p99, ms'];
  return {
    text: [
      `${ACCOUNTS.toLocaleString('en-US')} accounts, eGain at ${LATENCY_MS} ms a page of 25; ${TURNS} turns of ${SECONDS} s, interleaved (Express, whose answers take as long, gives two on each connection). Ours is the sandbox: its gateway (a simulation of API Gateway: authorizer, usage plan, routes) and one container of ApiFunction, in one process; the processor time is that of all of it. The peers know no partners' tokens and no scopes. Fastify passes on eGain's first page of 25 as it is: no filter, no order, no list.`,
      table([...head, 'CPU per request, ms'], rows),
      costs.text,
    ].join('\n\n'),
    targets: [
      ...costs.targets,
      {
        what: 'requests a second against Express + axios + simple-oauth2, 10 connections',
        target: '≥ 5',
        measured: show(ratio),
        met: ratio >= 5,
      },
    ],
  };
}

async function startServers(world: World): Promise<[Server, Server, Server]> {
  const {
    EGAIN_API_URL = '',
    EGAIN_TOKEN_URL = '',
    EGAIN_SCOPE = '',
  } = world.functions.ApiFunction.environment;
  const environment = {
    EGAIN_API_URL,
    EGAIN_TOKEN_URL,
    EGAIN_SCOPE,
    EGAIN_CLIENT_ID: world.credentials.clientId,
    EGAIN_CLIENT_SECRET: world.credentials.clientSecret,
  };
  const peer = async (name: string, module: string, slow: boolean): Promise<Server> => {
    const process = await startChild(module, environment);
    const { port } = await process.call<{ readonly port: number }>('address');
    const url = `http://127.0.0.1:${port}/accounts?pagesize=100`;
    return { name, url, headers: {}, process, slow };
  };
  return [
    {
      name: 'ApiFunction behind the sandbox',
      url: `${world.accountsUrl}?pagesize=100`,
      headers: { authorization: `Bearer ${world.partnerToken}` },
      process: world.child,
      slow: false,
    },
    await peer('Express + axios + simple-oauth2', 'peers/express.ts', true),
    await peer('Fastify + reply-from', 'peers/fastify.ts', false),
  ];
}

async function load(
  { name, url, headers, process, slow }: Server,
  connections: number,
): Promise<Run> {
  // So that a list that must be fetched first, and a new connection, are not measured.
  if (!slow) await (await fetch(url, { headers })).arrayBuffer();
  const before = await process.call<number>('cpu');
  const length = slow ? { amount: connections * 2 } : { duration: SECONDS };
  const result = await autocannon({ url, headers, connections, timeout: 60, ...length });
  const cpuMs = (await process.call<number>('cpu')) - before;
  if (result.non2xx + result.errors > 0) throw new Error(`${name} did not answer every request`);
  const answered = result['2xx'];
  return {
    perSecond: answered / result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
    cpuMs: cpuMs / answered,
  };
}

/** Calls to eGain for 1,000 requests at 50 a second; the peers' are the same for each request. */
async function measureCosts(world: World, servers: readonly Server[]): Promise<Section> {
  const counted: { name: string; pages: number; tokens: number }[] = [];
  for (const [index, { name, url, headers }] of servers.entries()) {
    // A list is walked at the first request and lasts for 30 s; the peers need no such time.
    const amount = index === 0 ? 1000 : 100;
    await world.set({ accounts: ACCOUNTS, latencyMs: 0 });
    if (index === 0) await world.child.call('recycle');
    const before = await world.calls();
    const options = index === 0 ? { overallRate: 50 } : {};
    await autocannon({ url, headers, connections: 10, amount, timeout: 60, ...options });
    const after = await world.calls();
    const share = 1000 / amount;
    counted.push({
      name,
      pages: (after.accounts - before.accounts) * share,
      tokens: (after.token - before.token) * share,
    });
  }
  const [ours, express, fastify] = counted.map(({ pages }) => pages);
  const ratio = (peer = Number.NaN) => (ours ?? Number.NaN) / peer;
  return {
    text: [
      "What 1,000 requests at 50 a second cost eGain, from a container's start on (the peers' are counted over 100 requests; their tokens were had before):",
      table(
        ['', 'page calls', 'token calls'],
        counted.map(({ name, pages, tokens }) => [name, show(pages), show(tokens)]),
      ),
    ].join('\n\n'),
    targets: [
      costTarget('Express + axios + simple-oauth2', ratio(express)),
      costTarget('Fastify + reply-from, which answers with one page and no list', ratio(fastify)),
    ],
  };
}

function costTarget(peer: string, ratio: number): Target {
  return {
    what: `page calls to eGain per 1,000 requests at 50/s, one container, 1,000 accounts, against ${peer}`,
    target: '≤ 1/50',
    measured: `1/${show(1 / ratio)}`,
    met: ratio <= 1 / 50,
  };
}
