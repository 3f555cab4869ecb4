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
  test.each([
    [500, '500-1'],
    [500, '500-899'],
    [429, '429-000000001'],
  ])('of status %i may have the code %s', (status, code) => {
    expect(read({ code }, status)).toEqual(codeAlone(code));
  });

  test.each([
    [500, '503-1'],
    [500, '500-900'],
    [500, '500-0000000001'],
    [500, '500-'],
    [500, '500-a'],
    [500, ' 500-1'],
    [500, '500-1 '],
    [500, '0500-1'],
    [500, 500],
    [500, undefined],
  ])('of status %i may not have the code %j', (status, code) => {
    expect(read({ code }, status)).toBeUndefined();
  });

  test.each(['', '[]', 'null', '<html>'])('is a JSON object: %j', (body) => {
    expect(read(body)).toBeUndefined();
  });

  test('keeps what is well-formed in it', () => {
    const details = [{ key: 'a', value: 'b' }, { key: 'c', value: 7 }, { key: 7 }, null];

    expect(read({ code: '500-1', developerMessage: 7, userMessage: 'u', details })).toEqual({
      code: '500-1',
      developerMessage: undefined,
      userMessage: 'u',
      details: [
        { key: 'a', value: 'b' },
        { key: 'c', value: '' },
      ],
    });
    expect(read({ code: '500-1', details: { key: 'a', value: 'b' } })?.details).toEqual([]);
  });

  test('has at most thirty details', () => {
    const details = Array.from({ length: 31 }, (_, index) => ({ key: `k${index}`, value: 'v' }));

    expect(read({ code: '500-1', details })?.details).toEqual(details.slice(0, 30));
  });

  test.each([
    ['x'.repeat(2048), 'x'.repeat(2048)],
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

  test.each([401, 403])('of status %i is its code alone', (status) => {
    const code = `${status}-1`;

    expect(read({ code, developerMessage: 'd', details: [{ key: 'k' }] }, status)).toEqual(
      codeAlone(code),
    );
  });

  test.each([
    [{ developerMessage: `a ${token}` }],
    [{ userMessage: clientSecret }],
    [{ details: [{ key: clientId }] }],
    [{ details: [{ key: 'k', value: `${'x'.repeat(3000)}${token}` }] }],
    [{ details: [...Array.from({ length: 30 }, () => ({ key: 'k' })), { key: token }] }],
  ])('is its code alone where one of its texts holds a credential: %j', (texts) => {
    const body = { code: '500-1', developerMessage: 'd', userMessage: 'u', ...texts };

    expect(read(body)).toEqual(codeAlone('500-1'));
  });
});

const base64 = (text: string) => Buffer.from(text).toString('base64');

const smallHex = (secret: string) =>
  encodeURIComponent(secret).replaceAll(/%../g, (hex) => hex.toLowerCase());

describe('a credential', () => {
  const echoes: [string, (secret: string) => string][] = [
    ['as it is', (secret) => secret],
    ['percent-encoded', encodeURIComponent],
    ['percent-encoded in small letters', smallHex],
    [
      'all of it percent-encoded',
      (secret) => Buffer.from(secret).toString('hex').replace(/../g, '%$&'),
    ],
    ['as in a form', (secret) => new URLSearchParams({ s: secret }).toString()],
    ['in base64', base64],
    ['in base64 without padding', (secret) => base64(secret).replace(/=+$/, '')],
    ['in base64url', (secret) => Buffer.from(secret).toString('base64url')],
    ['in base64, percent-encoded', (secret) => encodeURIComponent(base64(secret))],
    ['in base64 over two lines', (secret) => base64(secret).replace(/^.{9}/, '$&\r\n')],
    ...['', 'a', 'ab', 'abc'].map((before): [string, (secret: string) => string] => [
      `in base64 behind ${before.length} bytes`,
      (secret) => base64(`${before}${secret}:more`),
    ]),
    ['form-encoded in base64', (secret) => base64(new URLSearchParams({ s: secret }).toString())],
  ];

  test.each(echoes)('is found %s', (_, echo) => {
    for (const secret of [token, clientId, clientSecret]) {
      const text = `You sent "${echo(secret)}", which is wrong`;
      expect(holdsSecret(text, CANARY)).toBe(true);
    }
  });

  test.each([
    'The account is locked',
    token.slice(0, -1),
    clientSecret.slice(1),
    encodeURIComponent(clientId.slice(1)),
    base64('another client, another secret'),
    '%%%7g%4',
  ])('is not seen where there is none: %s', (text) => {
    expect(holdsSecret(text, CANARY)).toBe(false);
  });

  test('is found in no text where it is empty', () => {
    expect(holdsSecret('text', { token, clientId: '', clientSecret })).toBe(false);
  });

  test.each(['\\', '%', '%2', 'a', '+', '\\u0025', 'Zm9v', '=', ' \n'])(
    'is searched for in linear time: %j repeated',
    (piece) => {
      const text = (length: number) => piece.repeat(Math.ceil(length / piece.length));
      const hard = { token: `b${'a'.repeat(4000)}`, clientId, clientSecret };
      const timeOf = (length: number) => {
        const began = performance.now();
        expect(holdsSecret(text(length), hard)).toBe(false);
        return performance.now() - began;
      };

      timeOf(1000);
      // Quadratic, it would take minutes for what is ten times as long as any answer.
      expect(timeOf(2_500_000)).toBeLessThan(5000);
    },
  );
});
