import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'vitest';
import { runCommand } from '../../cli/front.ts';
import { createDoctor } from '../../doctor/command.ts';
import type { World } from '../../doctor/doctor.ts';
import { checkText, type Report, verdictOf } from '../../doctor/report.ts';
import type { Clock } from '../../lambda/platform/deadline.ts';
import type { SimulatedEgain } from '../../sandbox/egain/egain.ts';
import { recordingTerminal } from '../support/recording-terminal.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** What of a stage config a test may say; the rest is that of a simulated eGain. */
export interface Stage {
  readonly egain: Pick<SimulatedEgain, 'apiUrl' | 'tokenUrl' | 'scope'> & {
    readonly clientAuthentication?: 'body' | 'basic';
  };
  readonly credentials?: { readonly clientId: string; readonly clientSecret: string };
  readonly environment?: World['environment'];
  readonly args?: readonly string[];
  readonly clock?: Clock;
  /** What must not be printed, beside the client secret and the simulated eGain's tokens. */
  readonly canaries?: readonly string[];
}

export interface DoctorRun {
  readonly exitCode: number;
  readonly text: string;
  readonly report: Report;
}

/** Runs the doctor on a stage config of its own, and looks for canaries in what it prints. */
export async function runDoctor(stage: Stage): Promise<DoctorRun> {
  const folder = temporaryFolder();
  const { apiUrl, tokenUrl, scope, clientAuthentication = 'body' } = stage.egain;
  const egain = { apiUrl, tokenUrl, scope, clientAuthentication };
  const partners = { acme: { scopes: ['accounts/read'] } };
  writeFileSync(join(folder, 'test.json'), JSON.stringify({ egain, partners }));
  const environment = stage.environment ?? {
    EGAIN_CLIENT_ID: stage.credentials?.clientId,
    EGAIN_CLIENT_SECRET: stage.credentials?.clientSecret,
  };
  const terminal = recordingTerminal({ environment });
  const doctor = createDoctor({
    configFolder: pathToFileURL(`${folder}/`),
    ...(stage.clock === undefined ? {} : { clock: stage.clock }),
  });
  const args = ['--stage', 'test', '--json', ...(stage.args ?? [])];
  const exitCode = await runCommand(doctor, args, terminal);
  const { output, error } = terminal;
  const report = JSON.parse(output) as Report;
  const text = `${[...report.checks.map(checkText), '', verdictOf(report)].join('\n')}\n`;
  for (const canary of canariesOf(stage)) {
    expect([output, text, error].some((printed) => printed.includes(canary))).toBe(false);
  }
  return { exitCode, text, report };
}

/** The check that failed, and its cause. */
export function failureOf({ report }: DoctorRun): string {
  const failed = report.checks.filter(({ state }) => state === 'failed');
  return failed.map(({ name, cause }) => `${name}: ${cause}`).join(', ');
}

/** All that a check printed. */
export function rowOf({ report }: DoctorRun, name: string): Report['checks'][number] {
  const row = report.checks.find((check) => check.name === name);
  if (row === undefined) throw new Error(`there is no check ${name}`);
  return row;
}

function canariesOf(stage: Stage): string[] {
  const secret = stage.credentials?.clientSecret;
  return [
    'egain-token-',
    ...(stage.canaries ?? []),
    ...(secret === undefined
      ? []
      : [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]),
  ];
}
