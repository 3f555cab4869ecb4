import { describe, expect, test } from 'vitest';
import { judgeAccounts } from '../../../lambda/egain/client.ts';
import type { UpstreamResponse } from '../../../lambda/egain/send.ts';
import type { UnreadBody } from '../../../lambda/platform/http-client.ts';
import { CANARY, makeAccount, makeAccounts } from '../../support/egain-world.ts';

const NOW = Date.UTC(2026, 0, 1);

function judge(body: unknown, more: Partial<UpstreamResponse> = {}) {
  const result: UpstreamResponse = {
    kind: 'response',
    status: 200,
    headers: new Headers({ 'content-type': 'application/json' }),
    text: typeof body === 'string' ? body : JSON.stringify(body),
    ...more,
  };
  return judgeAccounts({ result, waitTooLong: false }, CANARY, NOW);
}

const pageOf = (account: unknown, paginationInfo: unknown = { count: 1 }) => ({
  paginationInfo,
  account,
});
const brokenBy = (reason: string) => expect.objectContaining({ code: '502-903', reason }) as Error;

describe('a page', () => {
  test('is its accounts, what it says of pages, and how many bytes it took', () => {
    const body = pageOf(makeAccounts(2), { count: 2, pagenum: 1, pagesize: 25 });
    const page = judge({ ...body, more: 'é' });

    expect(page).toEqual({
      ...body,
      bytes: Buffer.byteLength(JSON.stringify({ ...body, more: 'é' })),
    });
  });

  test.each([
    'application/json',
    'application/json;charset=utf-8',
    'application/json ; charset=utf-8',
    'Application/JSON  ',
    'application/hal+json',
    'application/vnd.egain.accounts-v3+json; q=1',
  ])('may say that it is JSON by %j', (type) => {
    const headers = new Headers({ 'content-type': type });

    expect(judge(pageOf(makeAccounts(1)), { headers }).account).toHaveLength(1);
  });

  test.each([{}, { 'content-type': '' }])('may leave it out that it is JSON: %j', (headers) => {
    const page = judge(pageOf(makeAccounts(1)), { headers: new Headers(headers) });

    expect(page.account).toHaveLength(1);
  });

  test.each([
    'text/html',
    'text/application/json',
    'application/jsonp',
    'application/json-seq',
    'application/jsonx;charset=utf-8',
    'application/ +json',
    'application/+json',
    'application/x json',
    'application/xml+jsonx',
  ])('may not be of another type: %j', (type) => {
    // Unlike Headers, what comes over the wire may hold anything.
    const headers = { get: (name: string) => (name === 'content-type' ? type : null) };

    expect(() => judge(pageOf(makeAccounts(1)), { headers })).toThrow(
      brokenBy('the page is not JSON'),
    );
  });

  test.each<[UnreadBody, string]>([
    ['too-large', 'the page is larger than 20 MB'],
    ['not-utf-8', 'the page is not UTF-8'],
    ['undecodable', 'the page cannot be decoded'],
    ['cut-off', 'the page is cut off'],
  ])('that could not be read (%s) is a broken promise', (unread, reason) => {
    expect(() => judge('', { text: null, unread })).toThrow(brokenBy(reason));
  });
});

describe('the accounts of a page', () => {
  test.each([null, undefined])('may be missing where none are counted: %s', (account) => {
    expect(judge(pageOf(account, { count: 0 })).account).toEqual([]);
  });

  test('count for what they are where none are counted', () => {
    expect(judge(pageOf(makeAccounts(1), { count: 0 })).account).toHaveLength(1);
  });

  test('may be ten thousand, and no more', () => {
    expect(judge(pageOf(makeAccounts(10_000))).account).toHaveLength(10_000);
    expect(() => judge(pageOf(makeAccounts(10_001)))).toThrow(
      brokenBy('the page holds more than 10,000 accounts'),
    );
  });

  test.each([
    ['', 'the page is not a JSON object'],
    ['[]', 'the page is not a JSON object'],
    [{}, 'paginationInfo is missing or not of its type'],
    [pageOf([], {}), 'paginationInfo.count is missing or not of its type'],
    [pageOf([], { count: -1 }), 'paginationInfo.count is missing or not of its type'],
    [pageOf([], { count: 1.5 }), 'paginationInfo.count is missing or not of its type'],
    [
      pageOf([], { count: 1, pagesize: 'x' }),
      'paginationInfo.pagesize is missing or not of its type',
    ],
    [pageOf(null), 'account is missing or not of its type'],
    [pageOf({}, { count: 0 }), 'account is missing or not of its type'],
    [pageOf(['a']), 'account[0] is missing or not of its type'],
    [
      pageOf([makeAccount(0), { ...makeAccount(1), attributes: [{ name: 'a' }] }]),
      'account[1].attributes[0].value is missing or not of its type',
    ],
  ])('are as the contract has them, or it is told where not: %j', (body, reason) => {
    expect(() => judge(body)).toThrow(brokenBy(reason));
  });
});
