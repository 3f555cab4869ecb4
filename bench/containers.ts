import { setTimeout as delay } from 'node:timers/promises';
import { type Container, startContainer } from '../sandbox/chaos/container.ts';
import type { World } from './world.ts';

/** A request, and how it was answered. Times are of `performance.now()`. */
export interface Answered {
  readonly askedAt: number;
  readonly answeredAt: number;
  /** What `Cache-Status` says: there already; waited for; or past its freshness. */
  readonly state: 'hit' | 'miss' | 'stale';
}

/** Containers of ApiFunction, a process each. */
export interface Containers {
  /** Asks the one that has been idle longest, so many times a second whatever becomes of it. */
  load(perSecond: number, seconds: number): Promise<Answered[]>;
  stop(): Promise<void>;
}

interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
}

export async function startContainers(
  world: World,
  event: unknown,
  count: number,
  environment: Readonly<Record<string, string>>,
): Promise<Containers> {
  const spec = { ...world.functions.ApiFunction, environment };
  const all: Container[] = [];
  // One after the other: where many start at once on few processors, the table seems to be away.
  for (let number = 0; number < count; number += 1) {
    const container = await startContainer(spec, () => undefined);
    await container.invoke(event);
    all.push(container);
  }
  const idle = [...all];
  const waiting: ((container: Container) => void)[] = [];

  const next = async (): Promise<Container> =>
    idle.shift() ?? new Promise<Container>((resolve) => waiting.push(resolve));
  const free = (container: Container) => {
    const taker = waiting.shift();
    if (taker === undefined) idle.push(container);
    else taker(container);
  };
  const ask = async (): Promise<Answered> => {
    const askedAt = performance.now();
    const container = await next();
    const answer = (await container.invoke(event)) as Answer | undefined;
    const answeredAt = performance.now();
    free(container);
    if (answer?.statusCode !== 200) throw new Error(`a container answered ${answer?.statusCode}`);
    return { askedAt, answeredAt, state: stateOf(answer.headers['Cache-Status']) };
  };
  const load = async (perSecond: number, seconds: number): Promise<Answered[]> => {
    const answers: Promise<Answered>[] = [];
    const began = performance.now();
    const sending = setInterval(() => {
      const due = ((performance.now() - began) / 1000) * perSecond;
      while (answers.length < due) answers.push(ask());
    }, 1000 / perSecond);
    await delay(seconds * 1000);
    clearInterval(sending);
    return Promise.all(answers);
  };

  return {
    load,
    async stop() {
      await Promise.all(all.map((container) => container.kill()));
    },
  };
}

function stateOf(cacheStatus = ''): Answered['state'] {
  const [, state] = /; (?:fwd=)?(hit|miss|stale);/.exec(cacheStatus) ?? [];
  if (state === undefined) throw new Error(`${cacheStatus} tells no state`);
  return state as Answered['state'];
}
