import { isFault } from '../faults.ts';
import { type Deadline, within } from './deadline.ts';

/** Work of which only one is under way at a time. */
export interface SingleFlight<T> {
  /**
   * Does the work under the caller's deadline, or shares what is under way. When the work that was
   * shared ended only because its starter's time was up, it is begun anew for those with time left.
   *
   * @throws what the work throws; the deadline's Fault `504-901` to whoever's time is up
   */
  run(deadline: Deadline, work: () => Promise<T>): Promise<T>;
}

/** Nothing is under way at first, and nothing is remembered of what has ended. */
export function createSingleFlight<T>(): SingleFlight<T> {
  let underway: Promise<T> | undefined;

  return {
    async run(deadline, work) {
      for (;;) {
        if (underway === undefined) {
          const own = work().finally(() => {
            underway = undefined;
          });
          underway = own;
          // Not raced against the deadline: the work knows it, and nothing of it shall be left
          // running when its starter goes.
          return own;
        }
        try {
          return await within(underway, deadline);
        } catch (error) {
          const starterLate = isFault(error, 'timedOut');
          if (!starterLate || deadline.signal.aborted) throw error;
        }
      }
    },
  };
}
