import { describe, expect, test } from 'vitest';
import { holdsSecret, readEnvelope } from '../../../lambda/egain/words.ts';
import { CANARY } from '../../support/egain-world.ts';

const { clientId, clientSecret, token } = CANARY;
const read = (body: unknown, status = 500) =>
  readEnvelope(status, typeof body === 'string' ? body : JSON.stringify(body), CANARY);
const codeAlone = (code: string) => ({
  code,
  developerMessage: undefined,
  userMessage: undefined,
  details: [],
});

describe('an envelope', () => {
  test.each(['500-1', '500-899', '500-000000001'])('may have the code %s', (code) => {
    expect(read({ code })).toEqual(codeAlone(code));
  });

  test.each(['503-1', '500-900', '500-0000000001', '500-', ' 500-1', '500-1 ', 500, undefined])(
    'may not have the code %j',
    (code) => {
      expect(read({ code })).toBeUndefined();
    },
  );

  test.each(['', '[]', 'null', '<html>'])('is a JSON object: %j', (body) => {
    expect(read(body)).toBeUndefined();
  });

  test('keeps what is well-formed in it, and thirty details at most', () => {
    const rows = Array.from({ length: 29 }, (_, index) => ({ key: `k${index}`, value: 'v' }));
    const details = [{ key: 7 }, null, { key: 'c', value: 7 }, ...rows, { key: 'one too many' }];

    expect(read({ code: '500-1', developerMessage: 7, userMessage: 'u', details })).toEqual({
      ...codeAlone('500-1'),
      userMessage: 'u',
      details: [{ key: 'c', value: '' }, ...rows],
    });
    expect(read({ code: '500-1', details: { key: 'a', value: 'b' } })?.details).toEqual([]);
  });

  test.each([
    ['x'.repeat(2049), 'x'.repeat(2048)],
    [`${'x'.repeat(2046)}😀x`, `${'x'.repeat(2046)}😀`],
    [`${'x'.repeat(2047)}😀`, 'x'.repeat(2047)],
  ])('has texts of at most 2048 units, without half a character', (text, cut) => {
    const details = [{ key: text, value: text }];

    expect(read({ code: '500-1', developerMessage: text, userMessage: text, details })).toEqual({
      code: '500-1',
      developerMessage: cut,
      userMessage: cut,
      details: [{ key: cut, value: cut }],
    });
  });

  test.each<[string, number, object]>([
    ['its status is 401', 401, {}],
    ['its status is 403', 403, {}],
    ['its developerMessage holds a credential', 500, { developerMessage: `a ${token}` }],
    ['its userMessage holds one', 500, { userMessage: clientSecret }],
    ['a key of its details holds one', 500, { details: [{ key: clientId }] }],
    [
      'a text that is to be cut holds one',
      500,
      { details: [{ key: 'k', value: `${'x'.repeat(3000)}${token}` }] },
    ],
    [
      'a row that is to be left out holds one',
      500,
      { details: [...Array.from({ length: 30 }, () => ({ key: 'k' })), { key: token }] },
    ],
  ])('is its code alone where %s', (_, status, texts) => {
    const body = { code: `${status}-1`, developerMessage: 'd', userMessage: 'u', ...texts };

    expect(read(body, status)).toEqual(codeAlone(`${status}-1`));
  });
});

const base64 = (text: string) => Buffer.from(text).toString('base64');
const inForm = (secret: string) => new URLSearchParams({ s: secret }).toString();
const allHex = (secret: string) => Buffer.from(secret).toString('hex').replace(/../g, '%$&');

describe('a credential', () => {
  test.each<[string, (secret: string) => string]>([
    ['as it is', (secret) => secret],
    ['percent-encoded', encodeURIComponent],
    ['all of it percent-encoded, in small letters', allHex],
    ['as in a form', inForm],
    ['in base64 without padding', (secret) => base64(secret).replace(/=+$/, '')],
    ['in base64url', (secret) => Buffer.from(secret).toString('base64url')],
    ['in base64, percent-encoded', (secret) => encodeURIComponent(base64(secret))],
    ['in base64 over two lines', (secret) => base64(secret).replace(/^.{9}/, '$&\r\n')],
    ['in base64 behind one byte', (secret) => base64(`a${secret}:more`)],
    ['in base64 behind two bytes', (secret) => base64(`ab${secret}:more`)],
    ['in base64 behind three bytes', (secret) => base64(`abc${secret}:more`)],
    ['form-encoded in base64', (secret) => base64(inForm(secret))],
  ])('is found %s', (_, echo) => {
    for (const secret of [token, clientId, clientSecret]) {
      const text = `You sent "${echo(secret)}", which is wrong`;
      expect(holdsSecret(text, CANARY)).toBe(true);
    }
  });

  test.each([
    token.slice(0, -1),
    encodeURIComponent(clientId.slice(1)),
    base64('another client, another secret'),
    '%%%7g%4',
  ])('is not seen where there is none: %s', (text) => {
    expect(holdsSecret(text, CANARY)).toBe(false);
    expect(holdsSecret(text, { token, clientId: '', clientSecret })).toBe(false);
  });

  test('counts as found where its beginning is', () => {
    const long = { ...CANARY, token: `${'t'.repeat(64)}${'x'.repeat(1000)}` };

    expect(holdsSecret(`a ${'t'.repeat(64)}`, long)).toBe(true);
    expect(holdsSecret(`a ${'t'.repeat(63)}`, long)).toBe(false);
  });
});
