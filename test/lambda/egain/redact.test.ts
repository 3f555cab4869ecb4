import { describe, expect, test } from 'vitest';
import { createRedact, secretsOf } from '../../../lambda/egain/words.ts';

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

const form = (text: string) => new URLSearchParams({ '': text }).toString().slice(1);
const base64 = (text: string) => Buffer.from(text).toString('base64');
const lower = (text: string) => text.replaceAll(/%../g, (hex) => hex.toLowerCase());

describe('a credential is found', () => {
  // Its sixteen bytes have two signs of padding in base64.
  const SECRET = 'pw+/ä "\\;,%&=?>';
  const bytes = Buffer.from(SECRET);

  test.each([
    ['as it is', SECRET],
    ['in JSON', JSON.stringify(SECRET).slice(1, -1)],
    ['as a part of a URL', encodeURIComponent(SECRET)],
    ['as a part of a URL, in lower case', lower(encodeURIComponent(SECRET))],
    ['as a URL', encodeURI(SECRET)],
    ['as a URL, in lower case', lower(encodeURI(SECRET))],
    ['in a form', form(SECRET)],
    ['in a form, in lower case', lower(form(SECRET))],
    ['in base64', bytes.toString('base64')],
    ['in base64 without padding', bytes.toString('base64').replace(/=+$/, '')],
    ['in base64 for URLs', bytes.toString('base64url')],
  ])('%s', (_, echo) => {
    const by = { token: 'another', clientId: 'another', clientSecret: 'another' };

    for (const credential of ['token', 'clientId', 'clientSecret'] as const) {
      const redact = createRedact({ ...by, [credential]: SECRET });
      expect(redact(`before ${echo} after`)).toBe('before [redacted] after');
    }
  });

  test.each([
    ['as they are', (id: string, secret: string) => base64(`${id}:${secret}`)],
    ['form-encoded', (id: string, secret: string) => base64(`${form(id)}:${form(secret)}`)],
  ])('in the header of HTTP Basic, %s', (_, encode) => {
    const redact = createRedact({ token: 't0ken', clientId: 'a+p', clientSecret: SECRET });

    expect(redact(`Basic ${encode('a+p', SECRET)}.`)).toBe('Basic [redacted].');
  });

  test('each time that it comes', () => {
    const redact = createRedact({ token: 't0ken', clientId: 'client', clientSecret: 's3cret' });

    expect(redact('s3cret s3cret t0ken client')).toBe(
      '[redacted] [redacted] [redacted] [redacted]',
    );
  });

  test('also where another is empty, which is found nowhere', () => {
    const redact = createRedact({ token: '', clientId: 'client', clientSecret: 's3cret' });

    expect(redact('the s3cret')).toBe('the [redacted]');
  });
});

test.each([
  ['fives', ['t', 's']],
  ['sixsix', ['t', 's', 'sixsix']],
])(
  'a client id of six characters is a secret, a shorter one is a word: %s',
  (clientId, secrets) => {
    const sensitive = { token: 't', clientId, clientSecret: 's' };

    expect(secretsOf(sensitive)).toEqual(secrets);
    expect(createRedact({ ...sensitive, token: 't0ken', clientSecret: 's3cret' })(clientId)).toBe(
      secrets.includes(clientId) ? '[redacted]' : clientId,
    );
  },
);
