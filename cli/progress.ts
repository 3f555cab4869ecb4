import { Worker } from 'node:worker_threads';

/** Every two seconds at the latest something is said. */
const PLAIN_MS = 1500;
const MOVING_MS = 200;

/*
 * A thread of its own, since the CDK and the bundler hold the main one for many seconds. On a
 * terminal it moves one line; elsewhere it writes plain ones.
 */
const THREAD = `
const { parentPort, workerData: { isTerminal, plainMs, movingMs } } = require('node:worker_threads');
const { writeSync } = require('node:fs');
let what, began = 0, said = 0;
parentPort.on('message', (next) => { what = next; began = said = Date.now(); });
setInterval(() => {
  const now = Date.now();
  if (what === undefined || now - said < (isTerminal ? movingMs : plainMs)) return;
  said = now;
  const line = '- ' + what + ', ' + Math.round((now - began) / 1000) + ' s';
  try { writeSync(1, isTerminal ? '\\r\\x1b[K' + line : line + '\\n'); } catch {}
}, movingMs);
`;

/** Makes the function that says what is under way, as long as a work lasts. */
export function createProgress(isTerminal: boolean) {
  let thread: Worker | undefined;
  const underway: string[] = [];
  const tell = () => {
    const workerData = { isTerminal, plainMs: PLAIN_MS, movingMs: MOVING_MS };
    thread ??= new Worker(THREAD, { eval: true, execArgv: [], workerData });
    thread.unref();
    thread.postMessage(underway.at(-1), []);
  };
  return {
    during: async <T>(what: string, work: () => Promise<T>): Promise<T> => {
      underway.push(what);
      tell();
      try {
        return await work();
      } finally {
        underway.pop();
        tell();
        if (isTerminal) process.stdout.write('\r\x1b[K');
      }
    },
    /** What clears the moving line, before anything else is printed. */
    clear: () => (isTerminal && underway.length > 0 ? '\r\x1b[K' : ''),
  };
}
