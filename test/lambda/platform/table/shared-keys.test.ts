import { expect, test } from 'vitest';
import { KEY_PREFIX, sharedKeys } from '../../../../lambda/platform/table.ts';

const ORIGIN = {
  apiUrl: 'https://api.example.com/v3',
  tokenUrl: 'https://login.example.com/token',
  scope: 'all',
  secretArn: 'arn:aws:secretsmanager:eu-west-1:1:secret:a',
};

const everyKey = (origin: typeof ORIGIN) => {
  const keys = sharedKeys(origin);
  const parts = [keys.part('hash', 0), keys.part('hash', 1), keys.part('other', 0)];
  return [keys.current, keys.token, keys.calls, ...parts];
};

test('each item of a deployment has a key of its own, where its functions may write', () => {
  const keys = everyKey(ORIGIN);

  expect(KEY_PREFIX).toBe('v1#');
  expect(keys.every((key) => key.startsWith(KEY_PREFIX))).toBe(true);
  expect(new Set(keys).size).toBe(keys.length);
  expect(everyKey({ ...ORIGIN })).toEqual(keys);
});

test.each(['apiUrl', 'tokenUrl', 'scope', 'secretArn'] as const)(
  'no item is shared with who has another %s',
  (name) => {
    const others = everyKey({ ...ORIGIN, [name]: 'another' });

    expect(others.filter((key) => everyKey(ORIGIN).includes(key))).toEqual([]);
  },
);

test('keys say nothing of where accounts come from', () => {
  for (const key of everyKey(ORIGIN)) {
    expect(key).toMatch(/^v1#[\w-]{22}#(?:current|token|calls|part#\w+#\d)$/);
  }
});
