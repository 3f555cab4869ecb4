import { App } from 'aws-cdk-lib';
import { refuseSlip } from '../cli/stage-context.ts';
import { UsageError } from '../cli/usage-error.ts';
import { GatewayApp } from '../lib/gateway-app.ts';
import { loadStageConfig, StageConfigError } from '../lib/stage/stage-config.ts';

try {
  const stage = namedStage() ?? 'dev';
  const region = process.env['CDK_DEFAULT_REGION'];
  new GatewayApp(loadStageConfig(stage, { region }), stage);
} catch (error) {
  if (!(error instanceof StageConfigError || error instanceof UsageError)) throw error;
  // The deployer's own slip: what is wrong is said, where in this code it was noticed is not.
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

/** The context's `stage`; says so where there is none, since another may have been meant. */
function namedStage(): string | undefined {
  const context = new App({ autoSynth: false }).node.getAllContext() as Record<string, unknown>;
  const { stage } = context;
  if (stage !== undefined) return typeof stage === 'string' ? stage : JSON.stringify(stage);
  for (const key of Object.keys(context)) refuseSlip(key);
  process.stderr.write('No stage is named, so this is dev: -c stage=<stage> names another.\n');
  return undefined;
}
