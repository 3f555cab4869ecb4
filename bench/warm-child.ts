/** A function's handler in a process of its own, with a clock around each call. */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { cpuMs, serveChild } from './child.ts';

type Handler = (event: unknown, context: object) => Promise<{ readonly body: string }>;

const [, , module = '', eventFile = ''] = process.argv;
const event: unknown = JSON.parse(readFileSync(eventFile, 'utf8'));
const context = { awsRequestId: 'warm', getRemainingTimeInMillis: () => 20_000 };
const { handler } = (await import(pathToFileURL(module).href)) as { readonly handler: Handler };

const call = async () => (await handler(event, context)).body;

serveChild({
  /** Microseconds of each hit, and of `JSON.stringify` of the same answer, in turns. */
  async hits(seconds: number) {
    const answer: unknown = JSON.parse(await call());
    const own: number[] = [];
    const stringify: number[] = [];
    for (let warm = 0; warm < 100; warm += 1) await call();
    const until = performance.now() + seconds * 1000;
    while (performance.now() < until) {
      for (let turn = 0; turn < 10; turn += 1) {
        const began = performance.now();
        await call();
        own.push((performance.now() - began) * 1000);
      }
      for (let turn = 0; turn < 10; turn += 1) {
        const began = performance.now();
        JSON.stringify(answer);
        stringify.push((performance.now() - began) * 1000);
      }
      // What a call leaves behind (timers, log lines) is done between calls, as in Lambda.
      await new Promise(setImmediate);
    }
    const bytes = Buffer.byteLength(JSON.stringify(answer));
    return { own, stringify, bytes };
  },
  /** Time and processor time of one call, which has to ask eGain. */
  async miss() {
    const began = performance.now();
    const cpu = cpuMs();
    await call();
    return { wallMs: performance.now() - began, cpuMs: cpuMs() - cpu };
  },
  /** The same pages, four at a time, by `fetch` and `JSON.parse` alone. */
  async bare({ url, token, pages }: { url: string; token: string; pages: number }) {
    const began = performance.now();
    const cpu = cpuMs();
    let next = 1;
    const fetchOn = async () => {
      while (next <= pages) {
        const page = next++;
        const query = page === 1 ? '' : `?$pagenum=${page}&$pagesize=25`;
        const answer = await fetch(url + query, { headers: { authorization: `Bearer ${token}` } });
        JSON.parse(await answer.text());
      }
    };
    await Promise.all([fetchOn(), fetchOn(), fetchOn(), fetchOn()]);
    return { wallMs: performance.now() - began, cpuMs: cpuMs() - cpu };
  },
});
