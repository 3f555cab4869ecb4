import { describe, expect, test, vi } from 'vitest';
import { Fault } from '../../../lambda/faults.ts';
import {
  createFleet,
  createWorld,
  envelopeReply,
  secretReply,
  startUpstream,
  tokenReply,
} from '../../support/egain-world.ts';

const upstream = await startUpstream();

const calls = () =>
  [upstream.accounts, upstream.token, upstream.secrets].map((at) => at.calls.length);

describe('a container over its life', () => {
  test('two hundred cold calls make one read, one token and one walk', async () => {
    const { ask } = createWorld(upstream);

    const answers = await Promise.all(Array.from({ length: 200 }, () => ask()));

    expect(calls()).toEqual([1, 1, 1]);
    expect(new Set(answers.map(({ snapshot }) => snapshot)).size).toBe(1);
  });

  test('the warm-up reads the secret, and asks eGain for nothing', async () => {
    const { ask, service, clock } = createWorld(upstream);

    await service.warmUp();
    const warm = calls();
    expect(clock.waiting).toBe(0);
    await ask();

    expect(warm).toEqual([0, 0, 1]);
    expect(calls()).toEqual([1, 1, 1]);
  });

  test('a warm-up that hangs ends by itself, and a call that shares it goes on alone', async () => {
    const { ask, service, clock } = createWorld(upstream);
    const hanging = Promise.withResolvers<void>();
    upstream.secrets.script = [{ hang: true, before: () => hanging.resolve() }];

    const warmUp = service.warmUp();
    await hanging.promise;
    const asked = ask();
    await new Promise(setImmediate);
    clock.advance(8000);
    await warmUp;

    await expect(asked).resolves.toMatchObject({ state: 'miss' });
    expect(calls()).toEqual([1, 1, 2]);
  });
});

describe('the secret', () => {
  test('is read for a token alone, as AWSCURRENT, and anew after five minutes', async () => {
    const { ask, clock } = createWorld(upstream);
    upstream.token.otherwise = () => tokenReply('t', { expires_in: 600 });
    await ask();
    clock.advance(330_000);
    await ask();
    expect(calls()).toEqual([2, 1, 1]);

    clock.advance(210_000);
    await ask();

    expect(calls()).toEqual([3, 2, 2]);
    expect(JSON.parse(upstream.secrets.calls[0]?.body ?? '')).toMatchObject({
      VersionStage: 'AWSCURRENT',
    });
  });

  test.each(['hang', 'fail'])(
    'is not missed while a token is valid, nor waited for long when one is to be had: reads %s',
    async (how) => {
      const { ask, clock } = createWorld(upstream);
      upstream.token.otherwise = () => tokenReply('t', { expires_in: 400 });
      await ask({ stale: false });
      upstream.secrets.otherwise = () =>
        how === 'hang' ? { hang: true, before: () => clock.advance(3000) } : { status: 500 };
      const ages = [330_000, 31_000, 31_000];

      for (const ms of ages) {
        clock.advance(ms);
        await expect(ask({ stale: false })).resolves.toMatchObject({ state: 'miss' });
      }

      expect(calls().slice(0, 2)).toEqual([4, 2]);
    },
  );

  test('is not read by a container that finds a token, unless to look for it in eGain’s words', async () => {
    const { containers, clock } = createFleet(upstream, 2);
    const [first, second] = containers;
    await first?.ask();
    clock.advance(31_000);
    upstream.secrets.otherwise = () => ({ status: 500 });
    await second?.service.warmUp();
    await second?.ask();
    expect(calls()).toEqual([2, 1, 1]);

    upstream.accounts.otherwise = () => envelopeReply(501, '501-100');
    const told = [];
    for (const secret of [{ status: 500 }, secretReply()]) {
      clock.advance(61_000);
      upstream.secrets.otherwise = () => secret;
      const fault = await second?.ask({ stale: false }).catch((error: unknown) => error);
      told.push(fault instanceof Fault && fault.told(true).developerMessage);
    }

    expect(told).toEqual([new Fault('egainUnavailable').developerMessage, 'about 501-100']);
  });

  test('cannot be read without the function’s own keys', async () => {
    const { ask } = createWorld(upstream);
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);

    await expect(ask()).rejects.toMatchObject({
      code: '500-902',
      reason: 'the environment holds no AWS keys',
    });
  });
});
