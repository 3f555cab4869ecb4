/** A function's handler in a process of its own, with a clock around each call. */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { cpuMs, serveChild } from './child.ts';

interface Event {
  readonly headers: Readonly<Record<string, string>>;
  readonly multiValueHeaders: Readonly<Record<string, readonly string[]>>;
  readonly queryStringParameters: Readonly<Record<string, string>>;
  readonly multiValueQueryStringParameters: Readonly<Record<string, readonly string[]>>;
}
interface Answer {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}
/** See `eventsOf`. */
type Asked = 'again' | 'unchanged' | 'new';
type Handler = (event: Event, context: object) => Promise<Answer>;

const [, , module = '', eventFile = ''] = process.argv;
const event = JSON.parse(readFileSync(eventFile, 'utf8')) as Event;
const context = { awsRequestId: 'warm', getRemainingTimeInMillis: () => 20_000 };
const { handler } = (await import(pathToFileURL(module).href)) as { readonly handler: Handler };

const call = async () => (await handler(event, context)).body;

const lists = (values: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]]));

/** The event with more parameters and headers, in both forms that the gateway sends them in. */
function eventWith(query: Readonly<Record<string, string>>, headers: Event['headers'] = {}): Event {
  const all = { ...event.queryStringParameters, ...query };
  const allHeaders = { ...event.headers, ...headers };
  return {
    ...event,
    headers: allHeaders,
    multiValueHeaders: lists(allHeaders),
    queryStringParameters: all,
    multiValueQueryStringParameters: lists(all),
  };
}

const SORTS = ['name', '-name', 'created', '-created', 'modified', '-modified'];
const PAGES = 70;

/** Pages of the accounts that are active or not; none comes twice. */
function* pagesOf(active: 'true' | 'false'): Generator<Event> {
  for (let pagenum = 1; pagenum <= PAGES; pagenum += 1) {
    for (const sort of SORTS) yield eventWith({ active, sort, pagenum: String(pagenum) });
  }
}

/** The next few; unlike the generator's own `take`, it leaves the rest to be asked for. */
function take(events: Generator<Event>, count: number): Event[] {
  const taken: Event[] = [];
  for (let next = events.next(); !next.done; next = events.next()) {
    taken.push(next.value);
    if (taken.length === count) break;
  }
  return taken;
}

function* forEver(same: Event): Generator<Event> {
  for (;;) yield same;
}

/**
 * What is asked: the same question again and again, the same with the tag of its answer, or each
 * time another one about the same snapshot, until there is none left.
 */
async function eventsOf(asked: Asked): Promise<Generator<Event>> {
  if (asked === 'new') {
    for (const other of pagesOf('false')) await handler(other, context);
    return pagesOf('true');
  }
  for (let warm = 0; warm < 100; warm += 1) await handler(event, context);
  if (asked === 'again') return forEver(event);
  const { headers = {} } = await handler(event, context);
  return forEver(eventWith({}, { 'If-None-Match': headers['ETag'] ?? '' }));
}

serveChild({
  /** Microseconds of each hit, and of `JSON.stringify` of the whole answer, in turns. */
  async hits({ seconds, asked }: { seconds: number; asked: Asked }) {
    const whole = asked === 'new' ? eventWith({ active: 'true' }) : event;
    const answer: unknown = JSON.parse((await handler(whole, context)).body);
    const own: number[] = [];
    const stringify: number[] = [];
    const events = await eventsOf(asked);
    const until = performance.now() + seconds * 1000;
    while (performance.now() < until) {
      const some = take(events, 10);
      if (some.length === 0) break;
      for (const next of some) {
        const began = performance.now();
        await handler(next, context);
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
