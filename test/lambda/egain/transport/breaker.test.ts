import { expect, test } from 'vitest';
import type { Outcome } from '../../../../lambda/egain/transport/attempt.ts';
import { createBreaker } from '../../../../lambda/egain/transport/breaker.ts';
import { createManualClock } from '../../../support/manual-clock.ts';

const answer = (status: number): Outcome => ({
  kind: 'answer',
  status,
  headers: new Headers(),
  text: '',
  tooLarge: false,
});
const broken: Outcome = { kind: 'broken', what: 'connection', errorCode: 'ECONNREFUSED' };
const late = (waitedMs: number): Outcome => ({ kind: 'late', waitedMs });

const opened = async (...outcomes: readonly Outcome[]) => {
  const clock = createManualClock();
  const breaker = createBreaker(clock);
  for (const outcome of outcomes) await breaker.run(() => Promise.resolve(outcome));
  return { clock, breaker };
};
const succeed = () => Promise.resolve(answer(200));

test('five failures in a row open it, of whatever kind', async () => {
  const { breaker } = await opened(answer(500), answer(503), broken, late(5000), broken);

  await expect(breaker.run(succeed)).rejects.toMatchObject({
    code: '503-902',
    retryAfterSeconds: 10,
  });
});

test.each([200, 401, 404, 408, 429])('an answer of %i ends the row', async (status) => {
  const { breaker } = await opened(broken, broken, broken, broken, answer(status), broken);

  await expect(breaker.run(succeed)).resolves.toMatchObject({ status: 200 });
});

test('while one attempt probes, the others are turned away', async () => {
  const { breaker, clock } = await opened(broken, broken, broken, broken, broken);
  const probed = Promise.withResolvers<Outcome>();

  clock.advance(10_000);
  const probe = breaker.run(() => probed.promise);
  await expect(breaker.run(succeed)).rejects.toMatchObject({ retryAfterSeconds: 1 });
  probed.resolve(answer(200));
  await probe;

  await expect(breaker.run(succeed)).resolves.toMatchObject({ status: 200 });
});

test('a probe that nobody had time for proves nothing, and opens it anew', async () => {
  const { breaker, clock } = await opened(broken, broken, broken, broken, broken);

  clock.advance(10_000);
  await breaker.run(() => Promise.resolve(late(1)));

  await expect(breaker.run(succeed)).rejects.toMatchObject({ retryAfterSeconds: 10 });
});
