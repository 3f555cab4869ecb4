import { setTimeout as delay } from 'node:timers/promises';
import { LEASE_MS } from '../../lambda/snapshot/shared-state.ts';
import { randomFrom } from '../egain/random.ts';
import { type Sandbox, startSandbox } from '../sandbox.ts';
import { type Container, startContainer } from './container.ts';
import { generationOf } from './generations.ts';
import type { History, Observation } from './invariants.ts';
import { LIST_ALL, seen } from './list-all.ts';

export const FRESH_MS = 2000;
/** A page of eGain's takes so long that many a container is killed while it walks. */
const LATENCY_MS = 100;
const GENERATION_MS = 700;

export interface ChaosOptions {
  readonly seconds: number;
  readonly containers: number;
  /** The same seed gives the same kills. */
  readonly seed: number;
}

/**
 * Runs containers of ApiFunction's bundle, each a process, over one table and one eGain whose
 * accounts change all along, kills them at random, and lets them be at the end.
 *
 * @throws Error where the stage's containers share nothing
 */
export async function runChaos(options: ChaosOptions): Promise<History> {
  const walks: number[] = [];
  const sandbox = await startSandbox({
    egain: { latencyMs: LATENCY_MS, accounts: [], onWalk: () => walks.push(Date.now()) },
    configure: (config) => ({
      ...config,
      cache: { ...config.cache, freshSeconds: FRESH_MS / 1000 },
    }),
  });
  try {
    return await runIn(sandbox, options, walks);
  } finally {
    await sandbox.stop();
  }
}

async function runIn(
  sandbox: Sandbox,
  { seconds, containers: count, seed }: ChaosOptions,
  walks: readonly number[],
): Promise<History> {
  const { egain } = sandbox;
  const { spec } = sandbox.functionNamed('ApiFunction');
  if (egain === undefined || !('SHARED_TABLE_NAME' in spec.environment)) {
    throw new Error("the stage's containers share nothing");
  }
  const generations: number[] = [];
  const observations: Observation[] = [];
  const containers: Container[] = [];
  let started = 0;
  let kills = 0;
  let tableFailures = 0;
  const over = new AbortController();

  function nextGeneration(): void {
    const { accounts, pageSize } = generationOf(generations.length);
    egain?.setAccounts(accounts, pageSize);
    generations.push(Date.now());
  }

  /** Keeps one place filled: asks its container again and again, and starts another when it ends. */
  async function fill(place: number): Promise<void> {
    const below = rowFrom(seed + 1 + place);
    while (!over.signal.aborted) {
      const number = (started += 1);
      const container = await startContainer(spec, (text) => {
        tableFailures += text.split('"SharedTableFailures":').length - 1;
      });
      containers[place] = container;
      for (;;) {
        const askedAt = Date.now();
        const answer = over.signal.aborted ? undefined : await container.invoke(LIST_ALL);
        if (answer === undefined) break;
        observations.push({ container: number, askedAt, answeredAt: Date.now(), ...seen(answer) });
        await delay(20 + below(120));
      }
      await container.kill();
    }
  }

  async function killAtRandom(until: number): Promise<void> {
    const below = rowFrom(seed);
    while (Date.now() < until) {
      await delay(200 + below(2000));
      // Mostly one; now and then all of them, so that nobody is left who knows anything.
      const victims = below(10) === 0 ? containers : containers.slice(below(count)).slice(0, 1);
      kills += victims.length;
      await Promise.all(victims.map((victim) => victim.kill()));
    }
  }

  nextGeneration();
  const changing = setInterval(nextGeneration, GENERATION_MS);
  const startedAt = Date.now();
  const filling = Promise.all(Array.from({ length: count }, (_, place) => fill(place)));
  await killAtRandom(startedAt + seconds * 1000);
  const calmAt = Date.now();
  await delay(LEASE_MS + 4 * FRESH_MS);
  over.abort();
  clearInterval(changing);
  await Promise.all(containers.map((container) => container.kill()));
  await filling;
  const tokenCalls = egain.calls.token;
  const tallies = { started, kills, tableFailures, tokenCalls };
  return { observations, generations, walks, startedAt, calmAt, ...tallies };
}

/** Whole numbers from 0 up to, not with, a given one. */
function rowFrom(seed: number): (end: number) => number {
  const random = randomFrom(seed);
  return (end) => random() % end;
}
