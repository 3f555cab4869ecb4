import { runFront } from './front.ts';
import { processTerminal } from './terminal.ts';

const exitCode = await runFront(process.argv.slice(2), processTerminal());
// Ends once all is written, whatever a slow name server or a kept connection still has open.
process.stdout.write('', () => process.exit(exitCode));
