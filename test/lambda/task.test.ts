import { afterEach, expect, test, vi } from 'vitest';
import { taskContext } from '../support/task.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test('the task that is set up wrongly loads, and each run fails by name', async () => {
  vi.resetModules();
  vi.stubEnv('CREDENTIALS_SECRET_ARN', undefined);
  vi.spyOn(console, 'log').mockReturnValue(undefined);
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const { handler } = await import('../../lambda/task.ts');

  const runs = await Promise.allSettled([handler({}, taskContext()), handler({}, taskContext())]);

  expect(runs).toMatchObject([
    { reason: { name: 'ServiceMisconfigured' } },
    { reason: { name: 'ServiceMisconfigured' } },
  ]);
  // By this name alarms know whose metrics they are.
  expect(write.mock.calls.join()).toContain('"service":"task"');
});
