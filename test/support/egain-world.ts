import { afterAll, afterEach, vi } from 'vitest';
import type { Account } from '../../lambda/egain/account.ts';
import type { ServiceConfig } from '../../lambda/platform/config.ts';
import type { Table } from '../../lambda/platform/table.ts';
import { createService, type Service } from '../../lambda/snapshot/container.ts';
import { writeSnapshot } from '../../lambda/snapshot/content.ts';
import type { SnapshotAnswer, SnapshotOptions } from '../../lambda/snapshot/snapshots.ts';
import { createMemoryTable, type MemoryTable } from './memory-table.ts';
import {
  type ReceivedRequest,
  type Reply,
  type ScriptedUpstream,
  startScriptedUpstream,
} from './scripted-upstream.ts';
import { captureLog, type LoggedLine } from './telemetry.ts';
import { createTestDeadline, createVirtualClock, type VirtualClock } from './virtual-clock.ts';

export const SECRET_ARN = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:egain-AbCdEf';

/** Secret values. A test fails when one turns up where it does not belong. */
export const CANARY = {
  clientId: 'canary-client-id-5f2c',
  clientSecret: 'canary+secret:/% é-77aa',
  token: 'canary-token-91d0',
};

/** One container's service, whose upstream is scripted. */
export interface World {
  readonly service: Service;
  readonly clock: VirtualClock;
  /** What the log was told since the container was made, by all containers of the test. */
  readonly lines: readonly LoggedLine[];
  /** Asks for the snapshot as an invocation with so much time left would. */
  readonly ask: (
    options?: SnapshotOptions & { readonly remainingMs?: number },
  ) => Promise<SnapshotAnswer>;
}

/** An upstream for all tests of a file, closed after the last. */
export async function startUpstream(): Promise<ScriptedUpstream> {
  const upstream = await startScriptedUpstream();
  afterAll(() => upstream.close());
  afterEach(() => {
    vi.unstubAllEnvs();
  });
  return upstream;
}

/** A new container. eGain, the token endpoint and Secrets Manager are well until scripted. */
export function createWorld(
  upstream: ScriptedUpstream,
  overrides: Partial<ServiceConfig> = {},
): World {
  wellAgain(upstream);
  return createContainer(upstream, createVirtualClock(), overrides, createMemoryTable());
}

/** New containers that share a table and the time. */
export function createFleet(
  upstream: ScriptedUpstream,
  count: number,
  overrides: Partial<ServiceConfig> = {},
): {
  readonly containers: readonly World[];
  readonly table: MemoryTable;
  readonly clock: VirtualClock;
} {
  wellAgain(upstream);
  const clock = createVirtualClock();
  const table = createMemoryTable();
  const containers = Array.from({ length: count }, () =>
    createContainer(upstream, clock, overrides, table),
  );
  return { containers, table, clock };
}

function wellAgain(upstream: ScriptedUpstream): void {
  upstream.reset();
  upstream.secrets.otherwise = () => secretReply();
  upstream.token.otherwise = () => tokenReply(`${CANARY.token}-${upstream.token.calls.length}`);
  upstream.accounts.otherwise = servePages({ accounts: makeAccounts(3), pagesize: 25 });
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', upstream.origin);
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'example');
}

function createContainer(
  upstream: ScriptedUpstream,
  clock: VirtualClock,
  overrides: Partial<ServiceConfig>,
  table: Table,
): World {
  const lines = captureLog();
  const config: ServiceConfig = {
    secretArn: SECRET_ARN,
    apiUrl: `${upstream.origin}/api`,
    tokenUrl: `${upstream.origin}/token`,
    scope: 'https://api.egain.cloud/auth/.default',
    clientAuthentication: 'body',
    sharedTableName: 'shared',
    freshSeconds: 30,
    staleSeconds: 600,
    refreshSeconds: undefined,
    callsPerMinute: undefined,
    provisioned: false,
    ...overrides,
  };
  const service = createService(config, { clock, random: () => 0.5, table });
  return {
    service,
    clock,
    lines,
    async ask({ remainingMs = 25_000, ...options } = {}) {
      const deadline = createTestDeadline(remainingMs, clock);
      try {
        return await service.snapshots.get(deadline, options);
      } finally {
        deadline.dispose();
      }
    },
  };
}

/** As Secrets Manager answers `GetSecretValue`. */
export function secretReply(
  value: unknown = { clientId: CANARY.clientId, clientSecret: CANARY.clientSecret },
  version = 'version-1',
): Reply {
  const SecretString = typeof value === 'string' ? value : JSON.stringify(value);
  return { body: { ARN: SECRET_ARN, Name: 'egain', VersionId: version, SecretString } };
}

/** As Secrets Manager answers in an error. */
export function secretError(type: string, status = 400): Reply {
  return { status, body: { __type: type, message: `about ${CANARY.clientSecret}` } };
}

export function tokenReply(token: string, more: Readonly<Record<string, unknown>> = {}): Reply {
  return { body: { access_token: token, token_type: 'Bearer', expires_in: 3600, ...more } };
}

/** eGain's envelope, as an answer. */
export function envelopeReply(
  status: number,
  code: string,
  more: Readonly<Record<string, unknown>> = {},
): Reply {
  return { status, body: { code, developerMessage: `about ${code}`, ...more } };
}

export function makeAccount(number: number, more: Partial<Account> = {}): Account {
  return {
    id: `id-${number}`,
    name: `account_${number}`,
    address: `+49 30 ${number}`,
    channel: { id: 'channel-1' },
    chatConfigurations: { orchestration: { id: 'o-1' }, entryPoint: { id: '1001' } },
    ...more,
  };
}

export function makeAccounts(length: number): Account[] {
  return Array.from({ length }, (_, index) => makeAccount(index));
}

/** The accounts as a snapshot has them, whatever the order in which they came. */
export function inOrder(accounts: readonly Account[]): readonly Account[] {
  return writeSnapshot(accounts).accounts;
}

export interface PagesOptions {
  readonly accounts: readonly Account[];
  readonly pagesize: number;
  /** What `count` counts. Default records. */
  readonly meaning?: 'records' | 'pages';
  /** Whether the answer names its page size. Default true. */
  readonly reported?: boolean;
  /** What comes for a page past the end. Default an empty page. */
  readonly past?: 'empty' | 'first-page' | 'last-page' | 400 | 404;
}

/** eGain's API over a data set. */
export function servePages(options: PagesOptions): (request: ReceivedRequest) => Reply {
  const { accounts, pagesize, meaning = 'records', past = 'empty' } = options;
  const pages = Math.ceil(accounts.length / pagesize);
  return ({ url }) => {
    const asked = Number(url.searchParams.get('$pagenum') ?? 1);
    const beyond = asked > Math.max(pages, 1);
    if (beyond && typeof past === 'number') return envelopeReply(past, `${past}-100`);
    const instead = past === 'first-page' ? 1 : Math.max(pages, 1);
    const pagenum = beyond && past !== 'empty' ? instead : asked;
    return {
      body: {
        paginationInfo: {
          count: meaning === 'pages' ? pages : accounts.length,
          pagenum,
          ...(options.reported === false ? {} : { pagesize }),
        },
        account: accounts.slice((pagenum - 1) * pagesize, pagenum * pagesize),
      },
    };
  };
}
