import { expect, test } from 'vitest';
import { createRedact } from '../../../lambda/egain/redact.ts';

test('the longest form goes first, so that no rest of it is left', () => {
  const redact = createRedact({ token: 'abc.def', clientId: 'abc-partner', clientSecret: 'abc' });

  expect(redact('abc.def abc abc-partner')).toBe('[redacted] [redacted] [redacted]');
});

test('a short client id is not looked for in words', () => {
  const redact = createRedact({ token: 't0ken', clientId: 'app', clientSecret: 's3cret' });

  expect(redact('the app happens to fail')).toBe('the app happens to fail');
});

test('characters that mean something in a pattern are taken as they are', () => {
  const redact = createRedact({ token: 'a.c|x', clientId: 'client', clientSecret: '(p$w)[0]\\"' });

  expect(redact('abc (p$w)[0]\\" a.c|x {"s":"(p$w)[0]\\\\\\""}')).toBe(
    'abc [redacted] [redacted] {"s":"[redacted]"}',
  );
});

test.each(['%2B%2F%3D', '%2b%2f%3d'])('URL-encoding is found in either case: %s', (encoded) => {
  const redact = createRedact({ token: 't0ken', clientId: 'client', clientSecret: '+/=' });

  expect(redact(`secret=${encoded}&x`)).toBe('secret=[redacted]&x');
});
