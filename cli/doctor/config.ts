import * as z from 'zod/mini';
import {
  loadStageConfig,
  type StageConfig,
  StageConfigError,
} from '../../lib/stage/stage-config.ts';
import { type Finding, failed, ok } from '../findings.ts';
import type { World } from '../program.ts';
import { SANDBOX_STAGE } from '../start.ts';
import { familyNotes } from './egain-family.ts';

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

const SANDBOX_MS = 3000;

/** Whether the stage config is valid, and whether its parts go together. */
export async function checkConfig(
  stage: string,
  { configFolder: folder, terminal }: World,
): Promise<Finding<Examined>> {
  try {
    const config = loadStageConfig(stage, { folder });
    const partners = Object.keys(config.partners).length;
    const seen = `config/${stage}.json is valid, with ${partners === 1 ? '1 partner' : `${partners} partners`}`;
    // `npm start` reads the same variable.
    const { PORT } = terminal.environment;
    if (stage === SANDBOX_STAGE) return await inSandbox(config, seen, PORT || '3000');
    const notes = familyNotes(config.egain);
    if (partners === 0) notes.push('there are no partners yet: nobody can call the API');
    return ok(seen, { value: { config }, notes });
  } catch (error) {
    if (!(error instanceof StageConfigError)) throw error;
    const advice = 'Fix what is named. With config/stage.schema.json an editor helps.';
    return failed(error.message, advice, { cause: 'config-invalid' });
  }
}

/** The simulated eGain has new addresses at each start, and the sandbox tells them. */
async function inSandbox(
  config: StageConfig,
  seen: string,
  port: string,
): Promise<Finding<Examined>> {
  const origin = `http://127.0.0.1:${port}`;
  const url = `${origin}/_sandbox`;
  const facts = await fetch(url, { signal: AbortSignal.timeout(SANDBOX_MS) })
    .then(async (answer) => z.safeParse(factsSchema, await answer.json()).data)
    .catch(() => undefined);
  if (facts === undefined) {
    return failed(
      `no sandbox with a simulated eGain answers at ${url}`,
      'Start one in another terminal with npm start, and run the doctor command that it prints.',
      { cause: 'sandbox-not-running' },
    );
  }
  const { clientId, clientSecret, ...urls } = facts.egain;
  const egain = { ...config.egain, ...urls };
  return ok(seen, {
    value: { config: { ...config, egain }, sandbox: { clientId, clientSecret } },
    notes: [`examines the simulated eGain of the sandbox at ${origin}`],
  });
}
