import { expect, test } from 'vitest';
import { parseJson } from '../../../lambda/platform/json.ts';

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
