import { describe, expect, test, vi } from 'vitest';
import { createWorld, secretReply, startUpstream } from '../../support/egain-world.ts';

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
  test('is read again after five minutes, as AWSCURRENT, and a new version asks for a token', async () => {
    const { ask, clock } = createWorld(upstream);
    await ask();
    clock.advance(299_000);
    await ask();
    expect(calls()).toEqual([2, 1, 1]);

    upstream.secrets.otherwise = () => secretReply(undefined, 'version-2');
    clock.advance(31_000);
    await ask();

    expect(calls()).toEqual([3, 2, 2]);
    expect(JSON.parse(upstream.secrets.calls[0]?.body ?? '')).toMatchObject({
      VersionStage: 'AWSCURRENT',
    });
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
