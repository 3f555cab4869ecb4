/**
 * Containers of ApiFunction over one table, all asked at once, second after second. The clock stands
 * still and jumps from one second to the next, so minutes pass in moments whatever the speed.
 */
import { type ApiHandler, apiEvent, CONTEXT } from './api-event.ts';
import { sendReport } from './child.ts';

// A copy of the bundle for each container, because a process loads a module once.
const [, , seconds, ...modules] = process.argv;

let now = Date.now();
Date.now = () => now;
// A busy machine must not make the table look unreachable, so the product's time-outs last longer.
const realSetTimeout = globalThis.setTimeout;
globalThis.setTimeout = ((callback: () => void, ms = 0) =>
  realSetTimeout(callback, ms * 20)) as typeof setTimeout;

const ask = async ({ handler }: { readonly handler: ApiHandler }) => {
  const { statusCode, body } = await handler(apiEvent(), CONTEXT);
  if (statusCode !== 200) throw new Error(`a container answered ${body}`);
};
const containers: { readonly handler: ApiHandler }[] = [];
for (const module of modules) {
  const container = (await import(module)) as { readonly handler: ApiHandler };
  await ask(container);
  containers.push(container);
}
for (let second = 1; second < Number(seconds); second += 1) {
  now += 1000;
  await Promise.all(containers.map(ask));
}
sendReport(null);
