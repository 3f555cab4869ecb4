import * as fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { createLeakCheck } from '../../../lambda/egain/words.ts';

const TOKEN = 'eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.k3Pz_91-vQ7sXwLmT0aBcD.Zz8~qR5';
const SECRET = 'qT8Q~x7.Vd+uW/9=é-pLk2';
const leaks = createLeakCheck([TOKEN, SECRET, 'client-5f2c77aa-91d0']);

const bytes = (text: string) => [...Buffer.from(text)];
const base64 = (text: string) => Buffer.from(text).toString('base64');
const hex = (text: string) => Buffer.from(text).toString('hex');
const units = (text: string) => Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
const hexOf = (code: number, length: number) => code.toString(16).padStart(length, '0');

const ENCODINGS: Readonly<Record<string, (text: string) => string>> = {
  plain: (text) => text,
  percent: encodeURIComponent,
  'percent, every byte': (text) =>
    bytes(text)
      .map((byte) => `%${hexOf(byte, 2)}`)
      .join(''),
  'percent, twice': (text) => encodeURIComponent(encodeURIComponent(text)),
  form: (text) => new URLSearchParams({ '': text }).toString().slice(1),
  base64,
  'base64 of Bearer': (text) => base64(`Bearer ${text}`),
  'base64, shifted by one': (text) => base64(`x${text}`),
  'base64, shifted by two': (text) => base64(`xy${text}`),
  base64url: (text) => Buffer.from(text).toString('base64url'),
  'base64, twice': (text) => base64(base64(text)),
  'base64, three times': (text) => base64(base64(base64(text))),
  'base64 in lines': (text) => base64(text).replaceAll(/.{20}/g, '$&\r\n'),
  'base64 in short lines': (text) => base64(text).replaceAll(/.{10}/g, '$&\r\n'),
  'base64 behind a letter': (text) => `a${base64(text)}`,
  'base64 behind two letters': (text) => `ab${base64(text)}`,
  'base64 behind three letters': (text) => `abc${base64(text)}`,
  'percent of base64': (text) => encodeURIComponent(base64(text)),
  hex,
  'hex in capitals': (text) => hex(text).toUpperCase(),
  'hex with colons': (text) => hex(text).replaceAll(/..(?=.)/g, '$&:'),
  'hex with spaces': (text) => hex(text).replaceAll(/..(?=.)/g, '$& '),
  'HTML, decimal': (text) =>
    units(text)
      .map((code) => `&#${code};`)
      .join(''),
  'HTML, hexadecimal': (text) =>
    units(text)
      .map((code) => `&#x${code.toString(16)};`)
      .join(''),
  'HTML, without semicolons': (text) =>
    units(text)
      .map((code) => `&#${code}`)
      .join(''),
  'HTML, by name': (text) =>
    text.replaceAll('+', '&plus;').replaceAll('/', '&sol;').replaceAll('=', '&equals;'),
  '\\u escapes': (text) =>
    units(text)
      .map((code) => `\\u${hexOf(code, 4)}`)
      .join(''),
  '\\x escapes': (text) =>
    bytes(text)
      .map((byte) => `\\x${hexOf(byte, 2)}`)
      .join(''),
  '\\x escapes, every second character': (text) =>
    units(text)
      .map((code, at) => (at % 2 === 0 ? String.fromCharCode(code) : `\\x${hexOf(code, 2)}`))
      .join(''),
  '\\x escapes, every second byte': (text) =>
    bytes(text)
      .map((byte, at) =>
        at % 2 === 0 && byte < 0x80 ? String.fromCharCode(byte) : `\\x${hexOf(byte, 2)}`,
      )
      .join(''),
  '\\u escapes of escapes': (text) =>
    units(text)
      .map((code) => `\\\\u${hexOf(code, 4)}`)
      .join(''),
  'octal escapes': (text) =>
    bytes(text)
      .map((byte) => `\\${byte.toString(8).padStart(3, '0')}`)
      .join(''),
  'JSON in JSON': (text) => JSON.stringify(JSON.stringify(text)),
  'slashes escaped': (text) => text.replaceAll('/', '\\/').replaceAll('+', '\\+'),
  'a line break inside': (text) => text.replaceAll(/.{7}/g, '$&\n'),
  'quoted-printable': (text) =>
    bytes(text)
      .map((byte) => `=${hexOf(byte, 2).toUpperCase()}`)
      .join(''),
  'quoted-printable with soft line breaks': (text) => text.replaceAll(/.{7}/g, '$&=\n'),
  'quoted-printable with soft line breaks of mail': (text) => text.replaceAll(/.{7}/g, '$&=\r\n'),
  'zero-width spaces': (text) => text.replaceAll(/.{5}/g, '$&\u200b'),
  capitals: (text) => text.replaceAll(/[a-z]+/g, (letters) => letters.toUpperCase()),
};

describe.each(Object.entries(ENCODINGS))('a credential that is written in %s', (_, encode) => {
  it.each([TOKEN, SECRET])('is found, and twelve characters of it: %#', (secret) => {
    fc.assert(
      fc.property(
        fc.nat(secret.length - 12),
        fc.integer({ min: 12, max: secret.length }),
        (start, length) => {
          const part = secret.slice(start, Math.max(start + 12, start + length));
          expect(leaks([`could not take ${encode(part)} for a token`])).toBe(true);
        },
      ),
      { seed: 20_260_101, numRuns: 60 },
    );
  });

  it('is found when it is spread over rows', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 30 }), fc.boolean(), (length, labelled) => {
        const rows = encode(TOKEN).match(new RegExp(`[^]{1,${length}}`, 'g')) ?? [];
        const texts = labelled ? rows.flatMap((row, at) => [`part ${at}`, row]) : rows;
        expect(leaks(texts)).toBe(true);
      }),
      { seed: 20_260_101, numRuns: 40 },
    );
  });
});

test.each([
  'Scope not assigned to the client application: app.conversation.conversationmgr.read',
  'Invalid or expired access token. See https://apidev.egain.com/errors#401-101',
  'Unsupported query parameter(s) supplied: pagenum=2&pagesize=25%20',
  'request 0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9 failed at 2026-01-31T08:00:00Z',
  'TG9yZW0gaXBzdW0gZG9sb3Igc2l0IGFtZXQsIGNvbnNlY3RldHVy',
])('what has nothing to do with a credential is passed on: %s', (text) => {
  expect(leaks([text, 'another row', text])).toBe(false);
});

test.each([
  ['&', 'amp'],
  ['<', 'lt'],
  ['>', 'gt'],
  ['+', 'PLUS'],
  ['/', 'sol'],
  ['=', 'equals'],
  [':', 'colon'],
  ['%', 'percnt'],
  ['.', 'period'],
  ['_', 'lowbar'],
  ['-', 'hyphen'],
  ['-', 'dash'],
])('a credential with %s in it is found where that is written &%s;', (character, name) => {
  const found = createLeakCheck([`secret${character}secret`]);

  expect(found([`see secret&${name};secret`])).toBe(true);
});

test('a credential with spaces is found where they are written as in a form', () => {
  expect(createLeakCheck(['one two three four'])(['one+two+three+four'])).toBe(true);
});

test('a credential is found around what no character is', () => {
  const [start, end] = [TOKEN.slice(0, 8), TOKEN.slice(8, 16)];

  expect(leaks([`${start}&#x110000;${end}`])).toBe(true);
  expect(leaks(['&#x110000; &#9999999; \\u{110000}'])).toBe(false);
});

test.each([4, 5, 6])('a credential is found before labels, %i characters at a time', (length) => {
  const rows = TOKEN.match(new RegExp(`.{1,${length}}`, 'g')) ?? [];

  expect(leaks(rows.flatMap((row, at) => [row, `part ${at}`]))).toBe(true);
});

describe('a credential that is short', () => {
  test.each(['secret', 'secret-1234'])('is found as a whole: %s', (secret) => {
    const found = createLeakCheck([secret]);

    expect(found([`no ${secret.toUpperCase()}, please`])).toBe(true);
    expect(found([`no ${secret.slice(1)}, please`])).toBe(false);
  });

  test.each(['', 'admin'])('of less than six characters is not looked for: "%s"', (secret) => {
    expect(createLeakCheck([secret])(['no admin'])).toBe(false);
  });
});

test.each([
  [1_000_000, false],
  [1_000_001, true],
])('what is too much to look at is withheld: %i characters', (length, withheld) => {
  expect(leaks(['~'.repeat(length)])).toBe(withheld);
});

describe('pieces too short to tell by themselves', () => {
  // Seven different six-character pieces of the token tell: one of nine characters has four.
  const nine = TOKEN.slice(3, 12);
  const others = TOKEN.slice(20, 28);
  const fewer = TOKEN.slice(20, 27);

  test.each([
    ['in two rows', [`begins <${nine}>`, `ends <${others}>`]],
    ['in rows far apart', [`<${nine}>`, 'a row', 'another row', 'one more', `<${others}>`]],
    ['in base64', [`<${nine}>`, `see <${base64(`and ${others}, too`)}>`]],
  ])('are found %s', (_, texts) => {
    expect(leaks(texts)).toBe(true);
  });

  test.each([
    ['in one row', [`begins <${nine}>, ends <${others}>`, 'another row']],
    ['when there are only six of them', [`begins <${nine}>`, `ends <${fewer}>`]],
    ['when the same ones come again', [`begins <${nine}>`, `ends <${nine}>`]],
  ])('may come by chance %s', (_, texts) => {
    expect(leaks(texts)).toBe(false);
  });
});
