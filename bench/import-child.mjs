// Loads a function's module and asks it one question. Plain JavaScript without imports of its own,
// so that everything that is loaded is loaded for the function.
import { writeSync } from 'node:fs';

const [, , module, event] = process.argv;
const context = { awsRequestId: 'bench', getRemainingTimeInMillis: () => 20_000 };
const began = performance.now();
const { handler } = await import(module);
const loaded = performance.now();
const { statusCode } = await handler(JSON.parse(event), context);
const answered = performance.now();
writeSync(3, JSON.stringify({ statusCode, importMs: loaded - began, answerMs: answered - loaded }));
process.exit();
