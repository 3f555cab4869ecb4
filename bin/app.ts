import { App } from 'aws-cdk-lib';
import { closest } from '../lambda/platform/closest.ts';
import { GatewayApp } from '../lib/gateway-app.ts';
import { loadStageConfig, StageConfigError } from '../lib/stage/stage-config.ts';

try {
  const stage = namedStage();
  const region = process.env['CDK_DEFAULT_REGION'];
  new GatewayApp(loadStageConfig(stage, { region }), stage);
} catch (error) {
  if (!(error instanceof StageConfigError)) throw error;
  // The deployer's mistake: the message says what is wrong, a stack trace would not help.
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

/**
 * The stage of `-c stage=<stage>`, else `dev`.
 *
 * @throws StageConfigError for a key that is `stage` but for a slip: dev was not meant then
 */
function namedStage(): string {
  const context = new App({ autoSynth: false }).node.getAllContext() as Record<string, unknown>;
  const { stage } = context;
  if (stage !== undefined) return typeof stage === 'string' ? stage : JSON.stringify(stage);
  const slip = Object.keys(context).find((key) => closest(key, ['stage']) !== undefined);
  if (slip !== undefined) {
    throw new StageConfigError(`-c stage=<stage> names the stage, not ${JSON.stringify(slip)}.`);
  }
  process.stderr.write('No stage is named, so this is dev. Name another by -c stage=<stage>.\n');
  return 'dev';
}
