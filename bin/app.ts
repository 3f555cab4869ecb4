import { App } from 'aws-cdk-lib';
import { GatewayApp } from '../lib/gateway-app.ts';
import { loadStageConfig, StageConfigError } from '../lib/stage/stage-config.ts';

try {
  const stage: unknown = new App({ autoSynth: false }).node.tryGetContext('stage') ?? 'dev';
  new GatewayApp(
    loadStageConfig(String(stage), {
      region: process.env['CDK_DEFAULT_REGION'],
    }),
    String(stage),
  );
} catch (error) {
  if (!(error instanceof StageConfigError)) throw error;
  // The deployer's own slip: what is wrong is said, where in this code it was noticed is not.
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
