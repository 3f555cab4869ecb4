/**
 * `npm run bench:guard`: holds sizes, counts, and ratios of two times that were taken in turn. No
 * time is judged by itself, and a ratio takes the best of several runs, so a busy machine passes.
 */
import { show } from './figures.ts';
import { startWorld } from './functions.ts';
import { measureImport } from './import.ts';
import { countPageCalls } from './page-calls.ts';
import { measureWarm } from './warm.ts';

const world = await startWorld();
try {
  for (const { held } of [
    await measureImport(world, 20),
    await measureWarm(world, 3),
    await countPageCalls(world),
  ]) {
    for (const { what, measured, limit } of held) {
      const holds = measured <= limit;
      const line = `${what}: ${show(measured)}, and the limit is ${show(limit)}`;
      if (holds) console.log(line);
      else console.error(`Over the limit: ${line}.`);
      if (!holds) process.exitCode = 1;
    }
  }
} finally {
  await world.stop();
}
