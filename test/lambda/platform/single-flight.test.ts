import { expect, test } from 'vitest';
import { Fault } from '../../../lambda/faults.ts';
import { cancellable, createDeadline, singleFlight } from '../../../lambda/platform/deadline.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const clock = createManualClock();
const longest = () => createDeadline(26_000, { clock });

/** Work that a test ends, and each time that it was begun. */
function createWork() {
  const ends: PromiseWithResolvers<string>[] = [];
  return {
    ends,
    run: singleFlight(() => {
      const end = Promise.withResolvers<string>();
      ends.push(end);
      return end.promise;
    }),
  };
}

test('work is done once for all who come while it lasts, and anew after it', async () => {
  const { ends, run } = createWork();

  const callers = [run(longest()), run(longest())];
  ends[0]?.resolve('first');
  await expect(Promise.all(callers)).resolves.toEqual(['first', 'first']);
  const later = run(longest());
  ends[1]?.resolve('second');

  await expect(later).resolves.toBe('second');
  expect(ends).toHaveLength(2);
});

test('a failure is everybody’s, and nothing is remembered of it', async () => {
  const { ends, run } = createWork();

  const callers = [run(longest()), run(longest())];
  const failed = Promise.allSettled(callers);
  ends[0]?.reject(new Fault('egainUnavailable'));
  expect((await failed).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  const later = run(longest());
  ends[1]?.resolve('well');

  await expect(later).resolves.toBe('well');
});

test('who has time left begins anew what ended with its starter’s time', async () => {
  const { ends, run } = createWork();

  const starter = run(longest()).catch((error: unknown) => error);
  const sharers = [run(longest()), run(longest())];
  ends[0]?.reject(new Fault('timedOut'));
  await starter;
  await new Promise(setImmediate);
  ends[1]?.resolve('second');

  await expect(Promise.all(sharers)).resolves.toEqual(['second', 'second']);
  expect(ends).toHaveLength(2);
});

test('who shares work leaves it when the own time is up', async () => {
  const { ends, run } = createWork();
  const deadline = cancellable(longest());

  const starter = run(longest());
  const sharer = run(deadline);
  deadline.cancel(new Fault('timedOut'));

  await expect(sharer).rejects.toMatchObject({ code: '504-901' });
  ends[0]?.resolve('first');
  await expect(starter).resolves.toBe('first');
  expect(ends).toHaveLength(1);
});
