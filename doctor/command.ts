import type { Command } from '../cli/command.ts';
import type { Options } from '../cli/options.ts';
import { useProxyOf } from '../cli/proxy.ts';
import { UsageError } from '../cli/usage-error.ts';
import { SECRET_ARN } from '../lib/stage/stage-schema.ts';
import { type DoctorOptions, examine, type World } from './doctor.ts';
import { checkText, verdictOf } from './report.ts';

/** `npm run doctor`. */
export const doctor: Command = createDoctor();

/** The doctor's command; `world` is what a test changes of the world. */
export function createDoctor(world: Omit<World, 'environment'> = {}): Command {
  return {
    spec: {
      name: 'doctor',
      about:
        'Checks that a stage can work, in order: its config, the URLs, the credentials, the token, ' +
        "the scope, page 1 of eGain's accounts, and the walk over all pages; then it tells what each " +
        'partner would see. Stops at the first check that fails, and says what to do about it. It ' +
        'changes nothing, and prints no secret, token or address.',
      defaultStage: 'dev',
      options: {
        'secret-arn': {
          type: 'string',
          value: '<arn>',
          about:
            'reads the credentials from this Secrets Manager secret, with the AWS credentials of ' +
            'your shell; without it they come from the environment: EGAIN_CLIENT_ID and ' +
            'EGAIN_CLIENT_SECRET',
        },
        json: { type: 'boolean', about: 'prints one JSON document in place of lines' },
      },
      notes: ['Exit code: 0 all checks hold, 1 one fails, 2 wrong usage.'],
    },
    async run(options, terminal) {
      const { environment } = terminal;
      const asked = readDoctorOptions(options);
      const restore = useProxyOf(environment);
      try {
        const json = options.flags.has('json');
        const report = await examine(asked, { ...world, environment }, (check) => {
          if (!json) terminal.print(checkText(check));
        });
        if (json) terminal.print(JSON.stringify(report, null, 2));
        else {
          for (const check of report.checks) {
            if (check.state === 'not-run') terminal.print(checkText(check));
          }
          terminal.print(`\n${verdictOf(report)}`);
        }
        return report.ok ? 0 : 1;
      } finally {
        restore();
      }
    },
  };
}

/** @throws UsageError */
function readDoctorOptions({ stage, texts }: Options): DoctorOptions {
  const secretArn = texts['secret-arn'];
  if (secretArn !== undefined && !SECRET_ARN.test(secretArn)) {
    throw new UsageError(
      '--secret-arn needs the ARN of a Secrets Manager secret: ' +
        'arn:aws:secretsmanager:<region>:<account>:secret:<name>.',
    );
  }
  return { stage, secretArn };
}
