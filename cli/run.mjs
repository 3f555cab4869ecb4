/* What `npm start` and `npm run <command>` start: `node cli/run.mjs <command> [options]`. */
import { fileURLToPath } from 'url';
import { problemOf } from './guard.mjs';

const problem = problemOf(fileURLToPath(new URL('..', import.meta.url)), process.versions.node);
if (problem === undefined) void import('./main.ts');
else {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
