import type { Command } from '../command.ts';
import { preflightStage } from './preflight.ts';

/** `npm run preflight`: whether a stage can be deployed with what this shell has. */
export const preflight: Command = {
  spec: {
    name: 'preflight',
    about:
      'Looks whether a stage can be deployed with the AWS credentials of this shell: its config, ' +
      "eGain's URLs, account and region, what the CDK and API Gateway need. It changes nothing. " +
      'npm run deploy does the same first.',
    defaultStage: null,
    options: {
      profile: { type: 'string', value: '<name>', about: 'a profile of your AWS configuration' },
      region: { type: 'string', value: '<name>', about: "in place of the shell's region" },
      yes: { type: 'boolean', short: 'y', about: 'asks nothing, which only npm run deploy would' },
    },
    notes: [
      '✓ holds, ! warns, ✗ stops a deploy. Exit code: 0 nothing has a ✗, 1 something has, 2 wrong',
      'usage.',
    ],
  },
  async run({ stage, texts }, terminal) {
    const { failed, warned } = await preflightStage(stage, terminal, {
      profile: texts['profile'],
      region: texts['region'],
    });
    const look = warned ? ' Look at what has a ! before.' : '';
    terminal.print(
      failed
        ? `\nStage ${stage} is not ready to be deployed: mend what has a ✗.`
        : `\nStage ${stage} can be deployed: npm run deploy -- --stage ${stage}.${look}`,
    );
    return failed ? 1 : 0;
  },
};
