import * as z from 'zod/mini';
import {
  loadStageConfig,
  type StageConfig,
  StageConfigError,
} from '../../lib/stage/stage-config.ts';
import { type Checked } from '../findings.ts';
import { SANDBOX_STAGE } from '../start.ts';
import { familyNotes } from './egain-family.ts';
import { fails, holds } from './report.ts';

/** The part of `GET /_sandbox` that tells how to call the simulated eGain. */
const factsSchema = z.object({
  egain: z.object({
    apiUrl: z.string(),
    tokenUrl: z.string(),
    scope: z.string(),
    clientId: z.string(),
    clientSecret: z.string(),
  }),
});

/** What is examined. */
export interface Examined {
  readonly config: StageConfig;
  /** The client of the simulated eGain, where stage `sandbox` is examined. */
  readonly sandbox?: { readonly clientId: string; readonly clientSecret: string };
}

const DEFAULT_PORT = '3000';
const SANDBOX_MS = 3000;

/** Whether the stage config is valid, and whether its parts go together. */
export async function checkConfig(
  stage: string,
  folder: URL | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Checked<Examined>> {
  try {
    const config = loadStageConfig(stage, folder === undefined ? {} : { folder });
    const partners = Object.keys(config.partners).length;
    const number = partners === 1 ? '1 partner' : `${partners} partners`;
    const seen = `config/${stage}.json is valid, with ${number}`;
    if (stage === SANDBOX_STAGE) {
      // `npm start` reads the same variable.
      return await inSandbox(config, seen, environment['PORT'] || DEFAULT_PORT);
    }
    const notes = familyNotes(config.egain);
    if (partners === 0) notes.push('there are no partners yet: nobody can call the API');
    return holds({ config }, seen, { notes });
  } catch (error) {
    if (!(error instanceof StageConfigError)) throw error;
    return fails(
      'config-invalid',
      error.message,
      'Fix what is named. With config/stage.schema.json an editor helps.',
    );
  }
}

/** The simulated eGain has new addresses at each start, and the sandbox tells them. */
async function inSandbox(
  config: StageConfig,
  seen: string,
  port: string,
): Promise<Checked<Examined>> {
  const origin = `http://127.0.0.1:${port}`;
  const url = `${origin}/_sandbox`;
  const facts = await fetch(url, { signal: AbortSignal.timeout(SANDBOX_MS) })
    .then(async (answer) => z.safeParse(factsSchema, await answer.json()).data)
    .catch(() => undefined);
  if (facts === undefined) {
    return fails(
      'sandbox-not-running',
      `no sandbox with a simulated eGain answers at ${url}`,
      'Start one in another terminal with npm start, and run the doctor command that it prints.',
    );
  }
  const { apiUrl, tokenUrl, scope, clientId, clientSecret } = facts.egain;
  const egain = { ...config.egain, apiUrl, tokenUrl, scope };
  const notes = [`examines the simulated eGain of the sandbox at ${origin}`];
  const value = { config: { ...config, egain }, sandbox: { clientId, clientSecret } };
  return holds(value, seen, { notes });
}
