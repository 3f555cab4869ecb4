import { runCommand } from './command.ts';

const { exitCode, output, error } = await runCommand(process.argv.slice(2), {
  environment: process.env,
});
process.stderr.write(error);
// Ends once all is written, whatever a slow name server or a kept connection still has open.
process.stdout.write(output, () => process.exit(exitCode));
