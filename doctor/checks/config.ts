import {
  loadStageConfig,
  type StageConfig,
  StageConfigError,
} from '../../lib/stage/stage-config.ts';
import { familyNotes } from '../egain-family.ts';
import { type Checked, fails, holds } from '../report.ts';
import { findRunningEgain, type RunningEgain, sandboxUrl } from '../running-sandbox.ts';

/** What is examined. */
export interface Examined {
  readonly config: StageConfig;
  /** The simulated eGain, where stage `sandbox` is examined. */
  readonly sandbox: RunningEgain | undefined;
}

const SANDBOX = 'sandbox';

/** Whether the stage's config can be read, and whether its parts go together. */
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
    if (stage === SANDBOX) return await inSandbox(config, seen, sandboxUrl(environment));
    const notes = familyNotes(config.egain);
    if (partners === 0) notes.push('there are no partners yet: nobody can call the API');
    return holds({ config, sandbox: undefined }, seen, { notes });
  } catch (error) {
    if (!(error instanceof StageConfigError)) throw error;
    return fails(
      'config-invalid',
      error.message,
      'Mend what is named; config/stage.schema.json lets an editor help.',
    );
  }
}

/** The sandbox's eGain has another address each time, which only the sandbox itself can tell. */
async function inSandbox(
  config: StageConfig,
  seen: string,
  url: string,
): Promise<Checked<Examined>> {
  const sandbox = await findRunningEgain(url);
  if (sandbox === undefined) {
    return fails(
      'sandbox-not-running',
      `no sandbox with a simulated eGain answers at ${url}`,
      'Start one in another terminal, npm start, and run the doctor line that it prints.',
    );
  }
  const { apiUrl, tokenUrl, scope } = sandbox;
  const egain = { ...config.egain, apiUrl, tokenUrl, scope };
  const notes = [`examines the simulated eGain of the sandbox that runs at ${new URL(url).origin}`];
  return holds({ config: { ...config, egain }, sandbox }, seen, { notes });
}
