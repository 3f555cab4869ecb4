import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import type { Report } from '../../../cli/doctor/doctor.ts';
import type { Finding } from '../../../cli/findings.ts';
import type { World } from '../../../cli/program.ts';
import type { SimulatedEgain } from '../../../sandbox/egain/egain.ts';
import { type LocalServer, listen, readBody, sendJson } from '../../../sandbox/local-server.ts';
import { runCommand } from '../../support/recording-terminal.ts';
import { stageFolder } from '../../support/stage-folder.ts';

/** What a test says of a stage; the rest of its config is a default. */
export interface Stage extends Pick<World, 'clock'> {
  readonly egain: Pick<SimulatedEgain, 'apiUrl' | 'tokenUrl' | 'scope'> & {
    readonly clientAuthentication?: 'body' | 'basic';
    readonly callsPerMinute?: number;
  };
  readonly cache?: object;
  readonly partners?: object;
  readonly credentials?: { readonly clientId: string; readonly clientSecret: string };
  /** Beside the credentials. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly args?: readonly string[];
  /** What must not be printed, beside the client secret and the simulated eGain's tokens. */
  readonly canaries?: readonly string[];
}

export interface DoctorRun {
  readonly exitCode: number;
  readonly report: Report;
  /** The check that failed, and its cause; empty where none failed. */
  readonly failure: string;
  /** All that a check found. */
  readonly row: (name: string) => Partial<Finding> & { readonly notes: readonly string[] };
}

/** Runs `npm run doctor -- --json` on a stage config of its own, and looks for canaries in it. */
export async function runDoctor(stage: Stage): Promise<DoctorRun> {
  const { apiUrl, tokenUrl, scope, clientAuthentication = 'body', callsPerMinute } = stage.egain;
  const { partners = { acme: { scopes: ['accounts/read'] } }, cache, clock, credentials } = stage;
  const egain = { apiUrl, tokenUrl, scope, clientAuthentication, callsPerMinute };
  const { exitCode, output, error } = await runCommand(
    ['doctor', '--stage', 'test', '--json', ...(stage.args ?? [])],
    {
      environment: {
        EGAIN_CLIENT_ID: credentials?.clientId,
        EGAIN_CLIENT_SECRET: credentials?.clientSecret,
        ...stage.environment,
      },
      configFolder: stageFolder({ egain, partners, cache }),
      ...(clock === undefined ? {} : { clock }),
    },
  );
  for (const canary of canariesOf(stage)) expect(output + error).not.toContain(canary);
  const report = JSON.parse(output) as Report;
  const failed = report.checks.filter(({ state }) => state === 'failed');
  return {
    exitCode,
    report,
    failure: failed.map(({ name, cause }) => `${name}: ${cause}`).join(),
    row(name) {
      const row = report.checks.find((check) => check.name === name);
      if (row === undefined) throw new Error(`there is no check ${name}`);
      return row;
    },
  };
}

function canariesOf({ credentials, canaries = [] }: Stage): string[] {
  const secret = credentials?.clientSecret;
  const forms =
    secret === undefined
      ? []
      : [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')];
  return ['egain-token-', ...canaries, ...forms];
}

export type OnToken = (
  request: IncomingMessage,
  response: ServerResponse,
  form: URLSearchParams,
) => void;

/** The client secret, the token and the like that a scripted eGain knows. */
export const CANARY = 'canary+secret/ä';
const TOKEN = 'canary-token-0123456789';

export const grant: OnToken = (_request, response) =>
  sendJson(response, 200, { access_token: TOKEN, token_type: 'Bearer', expires_in: '3600' });

type OnPage = (response: ServerResponse, pagenum: number) => void;

const noAccounts: OnPage = (response) =>
  sendJson(response, 200, { paginationInfo: { count: 0 }, account: [] });

/**
 * An eGain whose answers a test sets, started for the tests of a file; by default it grants a token
 * and has no accounts.
 */
export function useScriptedEgain() {
  let server: LocalServer;
  const script = {
    onToken: grant,
    onPage: noAccounts,
    /** Runs the doctor on a stage with this eGain. */
    run: (more: Partial<Stage> = {}, tokenPath = '/token') =>
      runDoctor({
        credentials: { clientId: 'client', clientSecret: CANARY },
        ...more,
        egain: {
          apiUrl: `${server.url}/conversation/conversationmgr/v3`,
          tokenUrl: server.url + tokenPath,
          scope: 'some.scope',
          ...more.egain,
        },
        canaries: [TOKEN, CANARY, ...(more.canaries ?? [])],
      }),
  };
  beforeAll(async () => {
    server = await listen(async (request, response) => {
      if (request.method === 'POST') {
        const form = new URLSearchParams(String(await readBody(request)));
        return script.onToken(request, response, form);
      }
      const url = URL.parse(request.url ?? '', server.url);
      script.onPage(response, Number(url?.searchParams.get('$pagenum') ?? 1));
    });
  });
  afterAll(() => server.close());
  beforeEach(() => {
    script.onToken = grant;
    script.onPage = noAccounts;
  });
  return script;
}
