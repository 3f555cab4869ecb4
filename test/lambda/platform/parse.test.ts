import { expect, test } from 'vitest';
import { parseJson, parseSecureUrl } from '../../../lambda/platform/parse.ts';

test.each([
  ['{"a":[1]}', { a: [1] }],
  ['\uFEFF{"a":[1]}', { a: [1] }],
  ['"a\uFEFF"', 'a\uFEFF'],
  ['null', null],
])('%j is read', (text, value) => {
  expect(parseJson(text)).toEqual(value);
});

test.each([null, '', '{', 'undefined', '\uFEFF\uFEFF1', '1\uFEFF'])('%j is no JSON', (text) => {
  expect(parseJson(text)).toBeUndefined();
});

test.each([
  'https://api.example.com/a',
  'https://127.0.0.1/',
  'http://127.0.0.1:3000/',
  'http://[::1]:3000/',
  'http://localhost:3000/',
])('nobody on the way can read along to %s', (text) => {
  expect(parseSecureUrl(text)?.href).toBe(text);
});

test.each([
  'http://api.example.com/',
  'http://localhost.example.com/',
  'http://127.0.0.2/',
  'ftp://localhost/',
  'wss://api.example.com/',
  'api.example.com',
  'https:',
  '',
])('credentials are not for %j', (text) => {
  expect(parseSecureUrl(text)).toBeUndefined();
});
