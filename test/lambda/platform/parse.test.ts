import { describe, expect, it, test } from 'vitest';
import {
  parseDateTime,
  parseJson,
  parseSecureUrl,
  readDateTime,
} from '../../../lambda/platform/parse.ts';

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
])('a URL is secure: %s', (text) => {
  expect(parseSecureUrl(text)?.href).toBe(text);
});

test.each([
  'http://api.example.com/',
  'http://localhost.example.com/',
  'ftp://localhost/',
  'api.example.com',
  '',
])('a URL is not secure: %j', (text) => {
  expect(parseSecureUrl(text)).toBeUndefined();
});

describe('parseDateTime', () => {
  it.each([
    ['2021-03-21T14:29:01.516Z', Date.UTC(2021, 2, 21, 14, 29, 1, 516)],
    ['2021-03-21t14:29:01z', Date.UTC(2021, 2, 21, 14, 29, 1)],
    ['2021-03-21T14:29:01+05:30', Date.UTC(2021, 2, 21, 8, 59, 1)],
    ['2021-03-21T14:29:01+0530', Date.UTC(2021, 2, 21, 8, 59, 1)],
    ['2021-03-21T14:29:01-00:00', Date.UTC(2021, 2, 21, 14, 29, 1)],
    ['2021-12-31T23:30:00-01:00', Date.UTC(2022, 0, 1, 0, 30)],
    ['2020-02-29T00:00:00Z', Date.UTC(2020, 1, 29)],
    ['0000-01-01T00:00:00Z', Date.parse('0000-01-01T00:00:00Z')],
    ['2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1)],
    ['2016-12-31T18:59:60.5-05:00', Date.UTC(2017, 0, 1)],
  ])('reads %s', (text, expected) => {
    expect(parseDateTime(text)).toBe(expected);
  });

  it.each([
    '',
    '2021-03-21T14:29Z',
    '2021-03-21T14:29:01 05:30',
    '2021-02-29T00:00:00Z',
    '2021-04-31T00:00:00Z',
    '2021-13-10T00:00:00Z',
    '2021-01-01T24:00:00Z',
    '2021-01-01T00:60:00Z',
    '2021-01-01T00:00:61Z',
    '2021-01-01T12:30:60Z',
    '2021-01-01T00:00:00.Z',
    '2021-01-01T00:00:00+24:00',
    '2021-01-01T00:00:00+00:60',
    '2021-01-01T00:00:00Z\n',
    '٢٠٢١-01-01T00:00:00Z',
  ])('does not take %j', (text) => {
    expect(parseDateTime(text)).toBeUndefined();
  });

  it('keeps what is finer than a millisecond', () => {
    const whole = parseDateTime('2021-03-21T14:29:01.516Z') ?? Number.NaN;
    const finer = parseDateTime('2021-03-21T14:29:01.51600100000000000000000000Z') ?? Number.NaN;

    expect(finer).toBeGreaterThan(whole);
    expect(finer).toBeLessThan(whole + 1);
  });
});

describe('readDateTime', () => {
  const moment = Date.UTC(2021, 2, 21, 14, 29);

  it.each([
    ['Jackson', '2021-03-21T14:29:00.000+0000'],
    ['java.time with a zone', '2021-03-21T15:29+01:00[Europe/Paris]'],
    ['Python', '2021-03-21 14:29:00.000000+00:00'],
    ['.NET', '2021-03-21T14:29:00.0000000Z'],
    ['PostgreSQL', '2021-03-21 14:29:00+00'],
    ['Ruby', '2021-03-21 14:29:00 UTC'],
    ['ISO 8601 with a comma', '2021-03-21T14:29:00,000Z'],
  ])('reads what %s writes', (_, text) => {
    expect(readDateTime(text)).toBe(moment);
  });

  it('reads what is finer than a second, behind a comma, too', () => {
    expect(readDateTime('2021-03-21T14:29:00.5Z')).toBe(moment + 500);
    expect(readDateTime('2021-03-21T14:29:00,5Z')).toBe(moment + 500);
  });

  it.each([
    '2021-03-21T14:29:01',
    '2021-03-21',
    '03/04/2021 14:29:01',
    '1616336941516',
    'Sun Mar 21 14:29:01 CST 2021',
    '2021-02-30T14:29:01Z',
    '2021-03-21T14Z',
    'on 2021-03-21T14:29:01Z',
    '',
  ])('leaves alone what may mean several moments, or none: %j', (text) => {
    expect(readDateTime(text)).toBeUndefined();
  });
});
