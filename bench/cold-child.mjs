// One cold start: loads a function's module and has it answer one event. Plain JavaScript, so that
// nothing but the function is loaded. Without a module it ends at once: the bare process.
import { readFileSync, writeSync } from 'node:fs';

const [, , module, eventFile] = process.argv;
const context = { awsRequestId: 'cold', getRemainingTimeInMillis: () => 20_000 };
const event = eventFile === undefined ? undefined : JSON.parse(readFileSync(eventFile, 'utf8'));

const began = performance.now();
const { handler } = module === undefined ? {} : await import(module);
const loaded = performance.now();
const answer = await handler?.(event, context);
const answered = performance.now();
const { user, system } = process.cpuUsage();

const failed = answer?.statusCode >= 300 || (handler !== undefined && answer === undefined);
writeSync(
  3,
  JSON.stringify({
    importMs: loaded - began,
    answerMs: answered - loaded,
    cpuMs: (user + system) / 1000,
    failed,
  }),
);
process.exit(failed ? 1 : 0);
