/**
 * What CI holds the speed to: figures that are the same on every machine (bundle sizes, calls to
 * eGain), and one ratio of two times, with a wide margin. Times alone are not judged here.
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceConfig } from '../lambda/platform/config.ts';
import { createDeadline } from '../lambda/platform/deadline.ts';
import { createService } from '../lambda/snapshot/container.ts';
import { writeBundle } from '../lib/bundle/bundle.ts';
import { startSecretsManager } from '../sandbox/aws/secrets-manager.ts';
import { startEgain } from '../sandbox/egain/egain.ts';
import { coldStarts } from './cold.ts';
import { show } from './statistics.ts';
import { bundleAsCdkDoes, type Subject } from './subjects.ts';

const MAX_BYTES = { api: 290_000, task: 290_000, authorizer: 120_000 } as const;
const MAX_IMPORT_RATIO = 0.6;
const RUNS = 9;
/** 1,000 accounts are 40 pages of 25, and one more to be sure that it was the last. */
const MAX_CALLS = { pages: 41, tokens: 1, secrets: 1 };

/** A function's settings; nothing answers there. */
const NOWHERE = 'http://127.0.0.1:1';
const UNREACHABLE = {
  size: 0,
  environment: {
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'guard',
    AWS_SECRET_ACCESS_KEY: 'guard',
    AWS_ENDPOINT_URL_SECRETS_MANAGER: NOWHERE,
    LOG_LEVEL: 'SILENT',
    CREDENTIALS_SECRET_ARN: 'egain-credentials',
    EGAIN_API_URL: NOWHERE,
    EGAIN_TOKEN_URL: NOWHERE,
    EGAIN_SCOPE: 'scope',
  },
};

const faults: string[] = [];
const folder = mkdtempSync(join(tmpdir(), 'bench-guard-'));
try {
  guardSizes();
  await guardImport();
  await guardCalls();
} finally {
  rmSync(folder, { recursive: true });
}
for (const fault of faults) console.error(`too much: ${fault}`);
process.exitCode = faults.length === 0 ? 0 : 1;

function hold(what: string, measured: number, limit: number): void {
  const line = `${what}: ${show(measured)}, at most ${show(limit)}`;
  console.log(line);
  if (!(measured <= limit)) faults.push(line);
}

function guardSizes(): void {
  for (const [entry, limit] of Object.entries(MAX_BYTES)) {
    writeBundle(entry, join(folder, entry));
    const { size } = statSync(join(folder, entry, 'index.mjs'));
    hold(`bundle of ${entry}, KB`, size / 1000, limit / 1000);
  }
}

/** The import of ApiFunction beside that of the same code as CDK would bundle it by default. */
async function guardImport(): Promise<void> {
  const asCdkDoes = join(folder, 'api.cjs');
  bundleAsCdkDoes('lambda/api.ts', asCdkDoes);
  const event = { httpMethod: 'GET', resource: '/openapi.json' };
  for (const beside of [folder, join(folder, 'api')])
    writeFileSync(join(beside, 'openapi.json'), '{}');
  const subject = (module: string): Subject => ({ name: module, module, event, ...UNREACHABLE });
  const ours = subject(join(folder, 'api', 'index.mjs'));
  const theirs = subject(asCdkDoes);
  const starts = await coldStarts([ours, theirs], RUNS);
  const fastest = (of: Subject) =>
    Math.min(...(starts.get(of) ?? []).map(({ importMs }) => importMs));
  hold(
    "import of ApiFunction against CDK's default bundling",
    fastest(ours) / fastest(theirs),
    MAX_IMPORT_RATIO,
  );
}

/** A thousand requests at 50 a second, on a clock of its own, over real HTTP. */
async function guardCalls(): Promise<void> {
  const egain = await startEgain({ accounts: 1000 });
  const secrets = await startSecretsManager(JSON.stringify(egain.credentials));
  Object.assign(process.env, {
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'guard',
    AWS_SECRET_ACCESS_KEY: 'guard',
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
  });
  const config: ServiceConfig = {
    secretArn: 'egain-credentials',
    apiUrl: egain.apiUrl,
    tokenUrl: egain.tokenUrl,
    scope: egain.scope,
    clientAuthentication: 'body',
    freshSeconds: 30,
    staleSeconds: 600,
    provisioned: false,
  };
  let now = Date.now();
  const clock = { now: () => now, after: () => () => undefined };
  const silent = { info() {}, warn() {}, error() {}, count() {} };
  const service = createService(config, silent, { clock });
  try {
    for (let request = 0; request < 1000; request += 1) {
      await service.snapshots.get(createDeadline(20_000, { clock }));
      now += 20;
    }
  } finally {
    await egain.close();
    await secrets.close();
  }
  hold('page calls for 1,000 requests', egain.calls.accounts, MAX_CALLS.pages);
  hold('token calls for 1,000 requests', egain.calls.token, MAX_CALLS.tokens);
  hold('reads of the secret for 1,000 requests', secrets.calls, MAX_CALLS.secrets);
}
