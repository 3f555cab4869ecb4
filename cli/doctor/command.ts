import { SECRET_ARN } from '../../lib/stage/stage-schema.ts';
import { addStage, type CliCommand } from '../program.ts';
import { type DoctorOptions, examine } from './doctor.ts';
import { checkText, verdictOf } from './report.ts';

/** `npm run doctor`: whether a stage's eGain works, with the product's own requests. */
export const doctor: CliCommand = {
  describe(command) {
    addStage(command, 'dev')
      .description(
        'Checks in order: the stage config, the URLs, the credentials, the token, the scope, page ' +
          "1 of eGain's accounts, and the walk over all pages; then says what each partner would " +
          'see. Stops at the first check that fails, and says what to do. Changes nothing, and ' +
          'prints no secret, token or address.',
      )
      .option(
        '--secret-arn <arn>',
        'reads the credentials from this Secrets Manager secret, with the AWS credentials of your ' +
          'shell (default: EGAIN_CLIENT_ID and EGAIN_CLIENT_SECRET of the environment)',
      )
      .option('--json', 'prints one JSON document');
  },
  example: 'npm run doctor -- --stage dev',
  exitCodes: '0 all checks hold, 1 one fails, 2 wrong usage',
  async run(command, world) {
    const { terminal } = world;
    const options = command.opts<DoctorOptions & { readonly json?: true }>();
    const { secretArn, json } = options;
    // A secret may have been typed in its place, so the message does not repeat it.
    if (secretArn !== undefined && !SECRET_ARN.test(secretArn)) {
      command.error(
        'error: --secret-arn needs the ARN of a Secrets Manager secret: ' +
          'arn:aws:secretsmanager:<region>:<account>:secret:<name>.',
      );
    }
    // The findings say what the product would log.
    process.env['LOG_LEVEL'] = 'SILENT';
    const report = await examine(options, world, (check) => {
      if (json !== true) terminal.print(checkText(check));
    });
    if (json === true) {
      terminal.print(JSON.stringify(report, null, 2));
    } else {
      const notRun = report.checks.filter(({ state }) => state === 'not-run');
      terminal.print([...notRun.map(checkText), `\n${verdictOf(report)}`].join('\n'));
    }
    return report.ok ? 0 : 1;
  },
};
