import { afterEach, expect, test, vi } from 'vitest';
import { taskContext } from '../support/task.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test('a refresh that is set up wrongly loads, and each run says that it failed', async () => {
  vi.stubEnv('CREDENTIALS_SECRET_ARN', undefined);
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const { handler } = await import('../../lambda/refresh.ts');

  const runs = [await handler({}, taskContext()), await handler('any event', taskContext())];

  expect(runs).toEqual([{ outcome: 'failed' }, { outcome: 'failed' }]);
  const lines = write.mock.calls.map(([line]) => String(line)).join('');
  expect(lines).toContain('"code":"500-902"');
  expect(lines).toContain('"outcome":"failed"');
  // By this name alarms know whose metrics they are.
  expect(lines).toContain('"service":"refresh"');
});
