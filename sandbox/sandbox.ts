import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayApp } from '../lib/gateway-app.ts';
import { loadStageConfig, type StageConfig } from '../lib/stage/stage-config.ts';
import { type LocalTables, startTables } from './aws/dynamodb.ts';
import { type LocalEventBus, startEventBus } from './aws/event-bus.ts';
import { readApi } from './aws/gateway/api-template.ts';
import { createGateway } from './aws/gateway/gateway.ts';
import {
  createLambdaFunction,
  type LambdaFunction,
  type LogLine,
  type RuntimeOptions,
  readFunctions,
} from './aws/lambda-runtime.ts';
import { startSchedules } from './aws/scheduler.ts';
import { type LocalSecretsManager, startSecretsManager } from './aws/secrets-manager.ts';
import { type Assembly, type ResolvedTemplate, resolveTemplate } from './aws/template.ts';
import {
  type ClientCredentials,
  type EgainOptions,
  type SimulatedEgain,
  startEgain,
} from './egain/egain.ts';
import { type LocalIssuer, startIssuer } from './issuer.ts';
import { type Handler, listen } from './local-server.ts';
import { createOwnRoutes } from './own-routes.ts';

export interface SandboxOptions extends RuntimeOptions {
  /** Which `config/<stage>.json`. @default sandbox */
  readonly stage?: string;
  /** Changes the stage config, which has the local addresses by then, before synth. */
  readonly configure?: (config: StageConfig) => StageConfig;
  /** The gateway's port. @default 0, any free one */
  readonly port?: number;
  readonly egain?: EgainOptions;
  /** Calls the stage's real eGain with these credentials, in place of the simulated one. */
  readonly realEgain?: ClientCredentials | undefined;
  /** In place of the time-outs that the template gives the functions. */
  readonly functionTimeoutSeconds?: number;
  readonly onProgress?: (step: string) => void;
}

/** The answer of `GET /_sandbox`. */
export interface SandboxFacts {
  readonly accountsUrl: string;
  readonly openapiUrl: string;
  readonly docsUrl: string;
  readonly tokenUrl: string;
  readonly partners: Readonly<Record<string, ClientCredentials & { readonly scope: string }>>;
  /** The simulated eGain, for the doctor; undefined when a real tenant takes its place. */
  readonly egain?:
    | (ClientCredentials & Pick<SimulatedEgain, 'apiUrl' | 'tokenUrl' | 'scope'>)
    | undefined;
}

/** The whole product on one machine. */
export interface Sandbox extends Omit<SandboxFacts, 'egain'> {
  /** The gateway's origin. */
  readonly url: string;
  /** `undefined` when a real tenant takes its place. */
  readonly egain: SimulatedEgain | undefined;
  readonly secrets: LocalSecretsManager;
  /** The table that all containers share. */
  readonly tables: LocalTables;
  /** The account's default bus, where changes are announced if the stage config says so. */
  readonly bus: LocalEventBus;
  readonly issuer: LocalIssuer;
  /** The synthesised app, intrinsic functions resolved. */
  readonly template: ResolvedTemplate;
  /** The newest lines of the functions' logs and the gateway's access log; at most 20,000. */
  readonly logs: readonly LogLine[];
  /** A function by its construct id, such as `ApiFunction`. @throws Error when there is none */
  functionNamed(constructId: string): LambdaFunction;
  /** Gets a token for a partner; without `scope`, for all of the partner's scopes. */
  token(partner: string, scope?: string): Promise<string>;
  /** Starts every function anew and empties the table, so that nothing is known. */
  readonly forget: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** The audience of the local issuer's tokens. */
const AUDIENCE = 'egain-accounts';
const MAX_LOG_LINES = 20_000;

/**
 * Starts everything on loopback: first what the product calls (eGain, Secrets Manager, the partners'
 * issuer), then the product itself out of the synthesised app.
 *
 * @throws StageConfigError for a bad stage config; the system's `EADDRINUSE` for a taken port
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const stops: (() => Promise<void> | void)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).toReversed()) await end();
  };
  try {
    return await start(options, stops, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  options: SandboxOptions,
  stops: (() => Promise<void> | void)[],
  stop: Sandbox['stop'],
): Promise<Sandbox> {
  const { stage = 'sandbox', onProgress = () => undefined } = options;
  const stageConfig = loadStageConfig(stage);
  // The port first: a taken one should show before the slow steps.
  let serve = notYet;
  const local = await listen((...call) => serve(...call), options.port, { maxHeaderSize: 65_536 });
  stops.push(local.close);
  const egain = options.realEgain === undefined ? await startEgain(options.egain) : undefined;
  if (egain !== undefined) {
    stops.push(egain.close);
    onProgress(`eGain, simulated: ${egain.apiUrl}`);
  }
  const credentials = options.realEgain ?? egain?.credentials;
  const secrets = await startSecretsManager(JSON.stringify(credentials));
  stops.push(secrets.close);
  onProgress(`Secrets Manager: ${secrets.url}`);
  const issuer = await startIssuer(AUDIENCE);
  stops.push(issuer.close);
  onProgress(`Issuer of the partners' tokens: ${issuer.url}`);

  const localConfig = withLocalAddresses(stageConfig, issuer, egain);
  const config = options.configure?.(localConfig) ?? localConfig;
  const folder = mkdtempSync(join(tmpdir(), 'egain-accounts-sandbox-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeFolder);
  stops.push(removeFolder, () => void process.off('exit', removeFolder));
  const template = resolveTemplate(synthesise(config, stage, folder));
  const api = readApi(template);
  const routes = api.routes.map(({ method, path }) => `${method} ${path}`);
  onProgress(`App synthesised: ${routes.join(', ')}`);

  const logs: LogLine[] = [];
  const onLog = (line: LogLine) => {
    if (logs.length >= MAX_LOG_LINES) logs.splice(0, MAX_LOG_LINES / 2);
    logs.push(line);
    options.onLog?.(line);
  };
  const tables = await startTables(template);
  stops.push(tables.close);
  onProgress(`DynamoDB: ${tables.url}`);
  const bus = await startEventBus();
  stops.push(bus.close);
  const endpoints = {
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
    AWS_ENDPOINT_URL_DYNAMODB: tables.url,
    AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
  };
  const functions = createFunctions(template, endpoints, { ...options, onLog });
  stops.push(async () => {
    await Promise.all([...functions.values()].map((one) => one.stop()));
  });
  const functionOf = (arn: string) => found(functions.get(arn), arn);
  const forget = async () => {
    await Promise.all([...functions.values()].map((one) => one.recycle()));
    await tables.clear();
  };

  const urls = {
    accountsUrl: `${local.url}/${api.stage}/accounts`,
    openapiUrl: `${local.url}/${api.stage}/openapi.json`,
    docsUrl: `${local.url}/docs`,
    tokenUrl: issuer.tokenUrl,
  };
  const partners = Object.fromEntries(
    Object.entries(config.partners).map(([name, { clientId = '', scopes }]) => {
      const clientSecret = issuer.addClient(clientId, scopes);
      return [name, { clientId, clientSecret, scope: scopes.join(' ') }];
    }),
  );
  const gateway = createGateway({
    api,
    functionOf,
    onAccess: (text) => onLog({ functionName: 'gateway', text }),
  });
  const facts = (): SandboxFacts => {
    if (egain === undefined) return { ...urls, partners };
    const { apiUrl, tokenUrl, scope, credentials: client } = egain;
    return { ...urls, partners, egain: { apiUrl, tokenUrl, scope, ...client } };
  };
  const serveOwn = createOwnRoutes(facts, { egain, secrets, forget });
  serve = async (request, response) => {
    if (!(await serveOwn(request, response))) await gateway.handle(request, response);
  };
  local.server.on('clientError', gateway.handleClientError);
  onProgress(`Gateway: ${local.url}`);
  stops.push(startSchedules(template, functionOf));

  return {
    ...urls,
    partners,
    url: local.url,
    egain,
    secrets,
    tables,
    bus,
    issuer,
    template,
    logs,
    functionNamed(constructId) {
      const name = new RegExp(`^${constructId}[0-9A-F]{8}$`);
      const named = [...functions.values()].find(({ spec }) => name.test(spec.name));
      return found(named, constructId);
    },
    token: (name, scope) => fetchToken(urls.tokenUrl, found(partners[name], name), scope),
    forget,
    stop,
  };
}

const notYet: Handler = (_request, response) => {
  response.destroy();
};

/** The stage config with the issuer's address, and the simulated eGain's where there is one. */
function withLocalAddresses(
  config: StageConfig,
  issuer: LocalIssuer,
  egain: SimulatedEgain | undefined,
): StageConfig {
  const { apiUrl, tokenUrl, scope } = egain ?? config.egain;
  const partners = Object.entries(config.partners).map(
    ([name, partner]) => [name, { ...partner, clientId: partner.clientId ?? name }] as const,
  );
  return {
    ...config,
    egain: { ...config.egain, apiUrl, tokenUrl, scope },
    auth: { issuer: issuer.url, audience: AUDIENCE, jwksUri: issuer.jwksUri },
    partners: Object.fromEntries(partners),
  };
}

function synthesise(config: StageConfig, stage: string, outdir: string): Assembly {
  const { stderr } = process;
  const write = stderr.write.bind(stderr);
  // The CDK writes a line for each bundle that it makes.
  stderr.write = (chunk: string | Uint8Array, ...rest: unknown[]) =>
    String(chunk).startsWith('Bundling asset ') || write(chunk, ...(rest as []));
  // Only a deployment needs to be checked by CloudFormation's rules, which takes time.
  const context = { '@aws-cdk/core:validateAgainstDefaultRules': false };
  try {
    return new GatewayApp(config, stage, { outdir, context }).synth();
  } finally {
    stderr.write = write;
  }
}

function createFunctions(
  template: ResolvedTemplate,
  endpoints: Readonly<Record<string, string>>,
  options: SandboxOptions,
): Map<string, LambdaFunction> {
  const specs = readFunctions(template, {
    AWS_ACCESS_KEY_ID: 'sandbox',
    AWS_SECRET_ACCESS_KEY: 'sandbox',
    AWS_SESSION_TOKEN: 'sandbox',
    ...endpoints,
  });
  return new Map(
    specs.map((spec) => {
      const timeoutSeconds = options.functionTimeoutSeconds ?? spec.timeoutSeconds;
      return [spec.arn, createLambdaFunction({ ...spec, timeoutSeconds }, options)];
    }),
  );
}

async function fetchToken(
  tokenUrl: string,
  { clientId, clientSecret, scope }: SandboxFacts['partners'][string],
  askedScope = scope,
): Promise<string> {
  const answer = await fetch(tokenUrl, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      scope: askedScope,
    }),
  });
  const { access_token: token } = (await answer.json()) as { readonly access_token: string };
  return token;
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`the sandbox has no ${name}`);
  return value;
}
