/** One warm container of a function: what answers cost beside `JSON.stringify` of the answer. */
import { Bench, type BenchOptions } from 'tinybench';
import { type ApiEvent, type ApiHandler, apiEvent, CONTEXT } from './api-event.ts';
import { sendReport } from './child.ts';

/** Medians in microseconds. */
export interface WarmTime {
  readonly question: 'the same question again' | 'the same with its tag (304)' | 'a new question';
  readonly own: number;
  readonly stringify: number;
}

const SORTS = ['name', '-name', 'created', '-created', 'modified', '-modified'];
const PAGES = 60;

const [, , module = ''] = process.argv;
const { handler } = (await import(module)) as { readonly handler: ApiHandler };
const ask = (event: ApiEvent) => handler(event, CONTEXT);

/** Every page, in every order, of the accounts that are active or not. */
function questions(active: 'true' | 'false'): ApiEvent[] {
  return Array.from({ length: PAGES }, (_, page) =>
    SORTS.map((sort) => apiEvent({ active, sort, pagenum: String(page + 1) })),
  ).flat();
}

const OFTEN: BenchOptions = { time: 60, warmupTime: 60, throws: true };
/** A busy moment of the machine spoils a round or two, and not all of them. */
const ROUNDS = 5;

/** The medians of a task and of `JSON.stringify` of its answer, `body`. */
async function timed(
  question: WarmTime['question'],
  body: string,
  task: () => Promise<unknown>,
  options = OFTEN,
): Promise<WarmTime> {
  const answer: unknown = JSON.parse(body);
  const own = new Bench(options).add('own', task, { async: true });
  const stringify = new Bench(OFTEN).add('stringify', () => JSON.stringify(answer));
  return { question, own: await medianOf(own), stringify: await medianOf(stringify) };
}

async function medianOf(bench: Bench): Promise<number> {
  const [task] = await bench.run();
  if (task?.result.state !== 'completed') throw new Error('a task was not measured');
  return task.result.latency.p50 * 1000;
}

const event = apiEvent();
const { body, headers } = await ask(event);
const tagged = apiEvent({}, { 'If-None-Match': headers['ETag'] ?? '' });
const times: WarmTime[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  times.push(await timed('the same question again', body, () => ask(event)));
  times.push(await timed('the same with its tag (304)', body, () => ask(tagged)));
}
const { body: newBody } = await ask(apiEvent({ active: 'true' }));
// The orders are there, and the code is compiled, before a new question is measured.
for (const question of questions('false')) await ask(question);
const asked = questions('true');
const once: BenchOptions = { time: 0, iterations: asked.length, warmup: false, throws: true };
times.push(await timed('a new question', newBody, () => ask(asked.shift() ?? event), once));
sendReport(times);
