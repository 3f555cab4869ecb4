/** One page walk in a process of its own, by the product's own modules. */

import { readServiceConfig } from '../lambda/platform/config.ts';
import { createDeadline } from '../lambda/platform/deadline.ts';
import { createService } from '../lambda/snapshot/container.ts';
import { serveChild } from './child.ts';
import type { Walk } from './walk.ts';

const silent = { info() {}, warn() {}, error() {}, count() {} };
// Alone: what a walk takes is asked here, not what the table spares.
const service = createService({ ...readServiceConfig(), sharedTableName: undefined }, silent);
await service.warmUp();

const { gc = () => undefined } = globalThis;
const heap = () => {
  gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

serveChild({
  async walk(sampleLive: boolean): Promise<Walk> {
    const before = heap();
    const { rss } = process.memoryUsage();
    let live = 0;
    let peakRss = 0;
    // Between two pages; a collection each time would be most of the time.
    const sampling = setInterval(
      () => {
        peakRss = Math.max(peakRss, process.memoryUsage().rss);
        if (sampleLive) live = Math.max(live, heap() - before);
      },
      sampleLive ? 500 : 5,
    );
    const deadline = createDeadline(60_000);
    const began = performance.now();
    const { snapshot } = await service.snapshots.get(deadline);
    const milliseconds = performance.now() - began;
    peakRss = Math.max(peakRss, process.memoryUsage().rss);
    clearInterval(sampling);
    deadline.dispose();
    const kept = heap() - before;
    return {
      milliseconds,
      accounts: snapshot.accounts.length,
      keptBytes: kept,
      liveBytes: Math.max(live, kept),
      residentBytes: peakRss - rss,
    };
  },
});
