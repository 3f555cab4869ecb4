import { expect } from 'vitest';
import type { Report } from '../../../cli/doctor/doctor.ts';
import type { Finding } from '../../../cli/findings.ts';
import type { World } from '../../../cli/program.ts';
import type { SimulatedEgain } from '../../../sandbox/egain/egain.ts';
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
