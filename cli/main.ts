import { runCli } from './program.ts';
import { processTerminal } from './terminal.ts';

const exitCode = await runCli(process.argv.slice(2), { terminal: processTerminal() });
// Exits once all output is written: a slow name server or a kept connection must not hold it open.
process.stdout.write('', () => process.exit(exitCode));
