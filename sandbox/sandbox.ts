import type { Clock } from '../lambda/platform/deadline.ts';
import { loadStageConfig, type StageConfig } from '../lib/stage/stage-config.ts';
import { type LocalTables, startTables } from './aws/dynamodb.ts';
import { readFunctions } from './aws/function-template.ts';
import { readApi } from './aws/gateway/api-template.ts';
import { createGateway } from './aws/gateway/gateway.ts';
import { createLambdaFunction, type LambdaFunction, type LogLine } from './aws/lambda-runtime.ts';
import { startSchedules } from './aws/scheduler.ts';
import { type LocalSecretsManager, startSecretsManager } from './aws/secrets-manager.ts';
import { type ResolvedTemplate, resolveTemplate } from './aws/template.ts';
import { createControl } from './control.ts';
import { createDocsPage } from './docs-page.ts';
import {
  type ClientCredentials,
  type EgainOptions,
  type SimulatedEgain,
  startEgain,
} from './egain/egain.ts';
import { factsOf, fetchToken, type SandboxFacts } from './facts.ts';
import { type LocalIssuer, startIssuer } from './issuer/issuer.ts';
import { type Handler, listen } from './local-server.ts';
import { LOCAL_AUDIENCE, synthesise, withLocalAddresses } from './local-stage.ts';
import { createTemporaryFolder } from './temporary-folder.ts';

export interface SandboxOptions {
  /** Which `config/<stage>.json`. @default sandbox */
  readonly stage?: string;
  /** Changes the stage config before synth, after the local addresses were put in. */
  readonly configure?: (config: StageConfig) => StageConfig;
  /** The gateway's port. @default 0, any free one */
  readonly port?: number;
  readonly egain?: EgainOptions;
  /** Calls the stage's real eGain with these, in place of the simulated one. */
  readonly realEgain?: ClientCredentials;
  /** For the gateway's throttles, quotas and kept authorizations. @default the system's */
  readonly clock?: Clock;
  /** The most containers of each function. @default 4 */
  readonly maxInstances?: number;
  /** Has calls go to as many containers as there may be, in turn. @default false */
  readonly spread?: boolean;
  /** In place of the time-outs that the template gives the functions. */
  readonly functionTimeoutSeconds?: number;
  readonly onProgress?: (step: string) => void;
  readonly onLog?: (line: LogLine) => void;
}

/** The whole product on one machine. */
export interface Sandbox extends Omit<SandboxFacts, 'egain'> {
  /** The gateway's origin. */
  readonly url: string;
  /** `undefined` when a real tenant is in its place. */
  readonly egain: SimulatedEgain | undefined;
  readonly secrets: LocalSecretsManager;
  /** What the functions share. */
  readonly tables: LocalTables;
  readonly issuer: LocalIssuer;
  /** The synthesised app with intrinsic functions resolved. */
  readonly template: ResolvedTemplate;
  /** What the functions wrote, and the gateway's access log; the newest 20,000 lines. */
  readonly logs: readonly LogLine[];
  /** A function by its construct id, as `ApiFunction`. @throws Error when there is none */
  functionNamed(constructId: string): LambdaFunction;
  /** Gets a token for a partner; without `scope`, for all of the partner's scopes. */
  token(partner: string, scope?: string): Promise<string>;
  /** Makes every function start anew, and empties what they share: nobody knows anything. */
  readonly forget: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

const MAX_LOG_LINES = 20_000;

/**
 * Starts everything on loopback: what the product calls (eGain, Secrets Manager, the partners'
 * issuer), then the product itself out of the synthesised app.
 *
 * @throws StageConfigError for a bad stage config; the system's `EADDRINUSE` for a taken port
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { stage = 'sandbox', onProgress = () => undefined } = options;
  const stops: (() => Promise<void> | void)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).toReversed()) await end();
  };
  try {
    return await start();
  } catch (error) {
    await stop();
    throw error;
  }

  async function start(): Promise<Sandbox> {
    const loaded = loadStageConfig(stage);
    // The port first: whether it is free should be known before the slow steps.
    let serve = notYet;
    const local = await listen((...call) => serve(...call), options.port, {
      maxHeaderSize: 65_536,
    });
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
    const issuer = await startIssuer(LOCAL_AUDIENCE);
    stops.push(issuer.close);
    onProgress(`Issuer of the partners' tokens: ${issuer.url}`);

    const localConfig = withLocalAddresses(loaded, issuer, egain);
    const config = options.configure?.(localConfig) ?? localConfig;
    issuer.setClients(
      Object.values(config.partners).map(({ clientId = '', scopes }) => ({ clientId, scopes })),
    );
    const folder = createTemporaryFolder();
    stops.push(folder.remove);
    const template = resolveTemplate(synthesise(config, stage, folder.path));
    const api = readApi(template);
    onProgress(
      `App synthesised: ${api.routes.map(({ method, path }) => `${method} ${path}`).join(', ')}`,
    );

    const logs: LogLine[] = [];
    const onLog = (line: LogLine) => {
      if (logs.length >= MAX_LOG_LINES) logs.splice(0, MAX_LOG_LINES / 2);
      logs.push(line);
      options.onLog?.(line);
    };
    const tables = await startTables(template);
    stops.push(tables.close);
    if (tables.names.length > 0) onProgress(`DynamoDB: ${tables.url}`);
    const functions = createFunctions(template, secrets, tables, { ...options, onLog });
    stops.push(async () => {
      await Promise.all([...functions.values()].map((one) => one.stop()));
    });
    const forget = async () => {
      await Promise.all([...functions.values()].map((one) => one.recycle()));
      await tables.clear();
    };
    const functionOf = (arn: string) => found(functions.get(arn), arn);
    const currentFacts = () => factsOf(local, api.stage, config, issuer, egain);
    const facts = currentFacts();
    const gateway = createGateway({
      api,
      functionOf,
      onAccess: (text) => onLog({ functionName: 'gateway', text }),
      ...(options.clock === undefined ? {} : { clock: options.clock }),
    });
    const control = createControl({
      facts: currentFacts,
      egain,
      secrets,
      forget,
    });
    const docs = createDocsPage({
      openapiPath: `/${api.stage}/openapi.json`,
      serverPath: `/${api.stage}`,
      tokenUrl: issuer.tokenUrl,
    });
    serve = (request, response) => {
      const path = request.url?.replace(/\?.*$/s, '') ?? '/';
      if (path === '/_sandbox' || path.startsWith('/_sandbox/')) {
        return control(path, request, response);
      }
      if (path === '/docs' && request.headers.host !== `127.0.0.1:${local.port}`) {
        // From a page under another name, a browser would call the issuer as another site's.
        response.writeHead(307, { Location: facts.docsUrl }).end();
        return undefined;
      }
      if (request.method === 'GET' && docs(path, response)) return undefined;
      return gateway.handle(request, response);
    };
    local.server.on('clientError', gateway.handleClientError);
    onProgress(`Gateway: ${local.url}`);
    const schedules = startSchedules(template, functionOf);
    stops.push(schedules.stop);

    return {
      ...facts,
      url: local.url,
      egain,
      secrets,
      tables,
      issuer,
      template,
      logs,
      functionNamed: (constructId) =>
        found(
          [...functions.values()].find(({ spec }) =>
            new RegExp(`^${constructId}[0-9A-F]{8}$`).test(spec.name),
          ),
          constructId,
        ),
      token: (partner, scope) => fetchToken(facts, partner, scope),
      forget,
      stop,
    };
  }
}

const notYet: Handler = (_request, response) => {
  response.destroy();
};

function createFunctions(
  template: ResolvedTemplate,
  secrets: LocalSecretsManager,
  tables: LocalTables,
  options: SandboxOptions,
): Map<string, LambdaFunction> {
  const specs = readFunctions(template, {
    AWS_ACCESS_KEY_ID: 'sandbox',
    AWS_SECRET_ACCESS_KEY: 'sandbox',
    AWS_SESSION_TOKEN: 'sandbox',
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
    AWS_ENDPOINT_URL_DYNAMODB: tables.url,
  });
  const { onLog, maxInstances, spread = false, functionTimeoutSeconds: timeoutSeconds } = options;
  const runtime = {
    spread,
    ...(onLog === undefined ? {} : { onLog }),
    ...(maxInstances === undefined ? {} : { maxInstances }),
  };
  const changes = timeoutSeconds === undefined ? {} : { timeoutSeconds };
  return new Map(
    [...specs].map(([arn, spec]) => [arn, createLambdaFunction({ ...spec, ...changes }, runtime)]),
  );
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`the sandbox has no ${name}`);
  return value;
}
