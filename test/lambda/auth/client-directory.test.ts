import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createClientDirectory } from '../../../lambda/auth/partners.ts';
import { createDeadline } from '../../../lambda/platform/deadline.ts';
import { startSecretsManager } from '../../../sandbox/aws/secrets-manager.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const store = await startSecretsManager();
afterAll(() => store.close());
beforeEach(() => {
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', store.url);
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
});

const deadline = createDeadline(9000, { clock: createManualClock() });
const ARN = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:directory-AbCdEf';

describe("the directory of partners' clients", () => {
  it('is read once, whoever asks at the same time', async () => {
    store.put(JSON.stringify({ acme: 'client-1' }));
    const before = store.calls;
    const read = createClientDirectory(ARN);

    const [first, second] = await Promise.all([read(deadline), read(deadline)]);

    expect([first, second, await read(deadline)]).toEqual(
      Array.from({ length: 3 }, () => ({ acme: 'client-1' })),
    );
    expect(store.calls - before).toBe(1);
  });

  it('that is malformed is a wrong setting, told without its content', async () => {
    store.put('{"acme": 7, "canary-7f3a": ');

    await expect(createClientDirectory(ARN)(deadline)).rejects.toMatchObject({
      code: '500-902',
      reason: `${ARN} holds no client ids by name`,
    });
  });

  it('is read again after a failure', async () => {
    const read = createClientDirectory(ARN);
    store.put('[]');
    await expect(read(deadline)).rejects.toMatchObject({ code: '500-902' });

    store.put('{"acme":"client-2"}');

    expect(await read(deadline)).toEqual({ acme: 'client-2' });
  });
});
