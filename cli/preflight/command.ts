import { addAwsOptions, addStage, type CliCommand } from '../program.ts';
import { type PreflightOptions, preflightStage } from './preflight.ts';

/** `npm run preflight`: whether this shell can deploy a stage. */
export const preflight: CliCommand = {
  describe(command) {
    addAwsOptions(addStage(command))
      .description(
        'Checks whether the AWS credentials of this shell can deploy a stage: its config, ' +
          "eGain's URLs, account and region, and what the CDK and API Gateway need. Changes " +
          'nothing. npm run deploy begins with the same checks.',
      )
      .addHelpText(
        'after',
        `
✓ holds, ! is a warning, ✗ stops a deploy.`,
      );
  },
  example: 'npm run preflight -- --stage dev',
  exitCodes: '0 no ✗, 1 some ✗, 2 wrong usage',
  async run(command, world) {
    const options = command.opts<PreflightOptions>();
    const { failed, warned } = await preflightStage(options, world);
    const { stage } = options;
    const look = warned ? ' Look at what has a ! first.' : '';
    world.terminal.print(
      failed
        ? `\nStage ${stage} is not ready to be deployed: fix what has a ✗.`
        : `\nStage ${stage} can be deployed: npm run deploy -- --stage ${stage}.${look}`,
    );
    return failed ? 1 : 0;
  },
};
