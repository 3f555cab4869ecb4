import { exampleAccounts } from '../sandbox/egain/example-accounts.ts';
import { startChild } from './child.ts';
import { type Section, show, summarise } from './figures.ts';
import type { World } from './functions.ts';
import type { WarmTime } from './warm-child.ts';

type Times = Readonly<Record<WarmTime['question'], readonly WarmTime[]>>;

const ratio = ({ own, stringify }: WarmTime) => own / stringify;

const MANY = 10_000;

/** What a warm container needs for an answer, against `JSON.stringify` of that answer. */
export async function measureWarm(world: World, runs: number): Promise<Section> {
  const few = await timesOf(world, 1000, runs);
  const many = await timesOf(world, MANY, runs);
  return {
    about: `Pages of 100 accounts from a snapshot in memory, medians of ${runs} processes and several rounds in each. A new question is another page or order of \`active=true\` each time.`,
    head: ['accounts, question', 'stringify, µs', 'ApiFunction, µs', 'ratio'],
    rows: [...rowsOf('1,000', few), ...rowsOf('10,000', many)],
    held: heldOf(many),
  };
}

/** The figures of `measureWarm` that are held to a limit. */
export async function holdWarm(world: World, runs: number): Promise<Pick<Section, 'held'>> {
  return { held: heldOf(await timesOf(world, MANY, runs)) };
}

function heldOf(many: Times): Section['held'] {
  const held = (question: WarmTime['question'], limit: number) => ({
    what: `${question}, 10,000 accounts, against \`JSON.stringify\` of its answer`,
    measured: summarise(many[question].map(ratio)).least,
    limit,
  });
  return [held('the same question again', 0.5), held('a new question', 15)];
}

function rowsOf(accounts: string, times: Times): string[][] {
  return Object.entries(times).map(([question, taken]) => {
    const median = (value: (time: WarmTime) => number) => show(summarise(taken.map(value)).median);
    const stringify = median((time) => time.stringify);
    return [`${accounts}, ${question}`, stringify, median(({ own }) => own), median(ratio)];
  });
}

async function timesOf(
  { sandbox, egain, ours }: World,
  accounts: number,
  runs: number,
): Promise<Times> {
  egain.setAccounts(exampleAccounts(accounts), 75);
  // The table may hold a snapshot of another size.
  await sandbox.forget();
  const times: WarmTime[] = [];
  for (let run = 0; run < runs; run += 1) {
    // A new process each time, because answers are remembered.
    const { module, environment } = ours;
    const child = await startChild<WarmTime[]>('warm-child.ts', environment, [module]);
    await child.stop();
    times.push(...child.report);
  }
  return Object.groupBy(times, ({ question }) => question) as Times;
}
