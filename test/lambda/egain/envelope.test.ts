import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { readEnvelope } from '../../../lambda/egain/words.ts';
import { Fault } from '../../../lambda/faults.ts';
import { CANARY, createWorld, envelopeReply, startUpstream } from '../../support/egain-world.ts';
import { three } from '../../support/fault-row.ts';

const upstream = await startUpstream();

async function faultOf(asked: Promise<unknown>): Promise<Fault> {
  const error = await asked.catch((thrown: unknown) => thrown);
  if (!(error instanceof Fault)) throw new Error('no Fault was thrown');
  return error;
}

describe('what is passed on of eGain’s words', () => {
  test('holds no credential, whatever form it is echoed in', async () => {
    const { ask } = createWorld(upstream);
    const token = `${CANARY.token}-1`;
    const { clientId, clientSecret } = CANARY;
    const echoes = [
      `Bearer ${token}`,
      clientSecret,
      encodeURIComponent(clientSecret),
      new URLSearchParams({ s: clientSecret }).toString(),
      Buffer.from(clientSecret).toString('base64'),
      Buffer.from(`${clientId}:${clientSecret}`).toString('base64'),
      Buffer.from(token).toString('base64url'),
      clientId,
    ];
    const texts = {
      developerMessage: echoes.join(' '),
      userMessage: echoes.join(','),
      details: echoes.map((echo) => ({ key: echo, value: echo })),
    };
    upstream.accounts.script = three(envelopeReply(500, '500-100', texts));

    const fault = await faultOf(ask());

    const told = inspect([fault, fault.told(true)], {
      depth: 9,
      maxStringLength: null,
      maxArrayLength: null,
    });
    for (const echo of echoes.map((text) => text.replace(/^Bearer |^s=/, ''))) {
      expect(told).not.toContain(echo);
    }
    expect(fault.code).toBe('500-100');
    expect(fault.told(true)).toMatchObject({
      details: expect.arrayContaining([{ key: '[redacted]', value: '[redacted]' }]) as unknown,
    });
  });

  test.each([
    ['the token', `${CANARY.token}-1`],
    ['the secret', CANARY.clientSecret],
    ['the client id', CANARY.clientId],
  ])('is the code alone where a part of %s is in it', async (_, credential) => {
    const { ask } = createWorld(upstream);
    const userMessage = `cannot read ${credential.slice(0, 14)}...`;
    upstream.accounts.script = three(envelopeReply(500, '500-100', { userMessage }));

    const fault = await faultOf(ask());

    expect(fault.code).toBe('500-100');
    expect(JSON.stringify(fault.told(true))).not.toMatch(/cannot read|about 500-100/);
  });

  test('is cut at 2048 characters, after the credentials are taken out', async () => {
    const { ask } = createWorld(upstream);
    const developerMessage = `${'x'.repeat(2040)}${CANARY.clientSecret}`;
    const userMessage = `${'x'.repeat(2047)}😀`;
    upstream.accounts.script = three(
      envelopeReply(503, '503-100', { developerMessage, userMessage }),
    );

    expect((await faultOf(ask())).told(true)).toMatchObject({
      developerMessage: `${'x'.repeat(2040)}[redacte`,
      userMessage: 'x'.repeat(2047),
    });
  });

  test('is only what an envelope has, and the rest is ours', async () => {
    const { ask } = createWorld(upstream);
    const body = { code: '504-007', details: [{ value: 'no key' }, 1, { key: 'only' }] };
    upstream.accounts.script = three({ status: 504, body });

    const fault = await faultOf(ask());

    expect(fault.told(true)).toMatchObject({
      developerMessage: 'eGain cannot be reached or fails.',
      details: [{ key: 'only', value: '' }],
    });
    expect(fault).toMatchObject({
      status: 504,
      code: '504-007',
      workflowError: 'UpstreamUnavailable',
      retry: true,
    });
  });
});

const asIs = (text: string) => text;
const hasLeak = (said: readonly string[]) => said.includes('leak');

const read = (body: unknown, status = 500) =>
  readEnvelope(status, typeof body === 'string' ? body : JSON.stringify(body), asIs);

describe('an envelope', () => {
  test.each([
    [500, '500-1'],
    [500, '500-899'],
    [429, '429-000000001'],
  ])('of the status %i may have the code %s', (status, code) => {
    expect(read({ code }, status)).toEqual({
      code,
      developerMessage: undefined,
      userMessage: undefined,
      details: [],
    });
  });

  test.each([
    [500, '503-1'],
    [500, '500-900'],
    [500, '500-901'],
    [500, '500-0000000001'],
    [500, '500-'],
    [500, '500-a'],
    [500, ' 500-1'],
    [500, '500-1 '],
    [500, '0500-1'],
    [500, '500'],
    [500, 500],
    [500, undefined],
  ])('of the status %i may not have the code %j', (status, code) => {
    expect(read({ code }, status)).toBeUndefined();
  });

  test.each(['', '[]', 'null', '<html>'])('is a JSON object: %j', (body) => {
    expect(read(body)).toBeUndefined();
  });

  test('is read for what is well-formed in it', () => {
    const details = [
      { key: 'a', value: 'b' },
      { key: 'c', value: 7 },
      { key: 7, value: 'd' },
      null,
    ];

    expect(read({ code: '500-1', developerMessage: 7, userMessage: ['x'], details })).toEqual({
      code: '500-1',
      developerMessage: undefined,
      userMessage: undefined,
      details: [
        { key: 'a', value: 'b' },
        { key: 'c', value: '' },
      ],
    });
    expect(read({ code: '500-1', details: { key: 'a', value: 'b' } })?.details).toEqual([]);
  });

  test('has thirty details, the first ones, at most', () => {
    const details = Array.from({ length: 31 }, (_, index) => ({ key: `k${index}`, value: 'v' }));

    expect(read({ code: '500-1', details })?.details).toEqual(details.slice(0, 30));
    expect(read({ code: '500-1', details: details.slice(1) })?.details).toEqual(details.slice(1));
  });

  test.each([
    ['x'.repeat(2048), 'x'.repeat(2048)],
    ['x'.repeat(2049), 'x'.repeat(2048)],
    [`${'x'.repeat(2046)}😀`, `${'x'.repeat(2046)}😀`],
    [`${'x'.repeat(2046)}😀x`, `${'x'.repeat(2046)}😀`],
    [`${'x'.repeat(2047)}😀`, 'x'.repeat(2047)],
    [`😀${'x'.repeat(2048)}`, `😀${'x'.repeat(2046)}`],
  ])('has texts of 2048 units at most, none of them half a character', (text, cut) => {
    const details = [{ key: text, value: text }];

    expect(read({ code: '500-1', developerMessage: text, userMessage: text, details })).toEqual({
      code: '500-1',
      developerMessage: cut,
      userMessage: cut,
      details: [{ key: cut, value: cut }],
    });
  });

  test.each([
    [{ developerMessage: 'leak' }],
    [{ userMessage: 'leak' }],
    [{ details: [{ key: 'leak' }] }],
    [{ details: [{ key: 'k', value: 'leak' }] }],
  ])('is its code alone where any of its texts leaks: %j', (texts) => {
    const body = { code: '500-1', developerMessage: 'd', userMessage: 'u', ...texts };

    expect(readEnvelope(500, JSON.stringify(body), asIs, hasLeak)).toEqual({
      code: '500-1',
      developerMessage: undefined,
      userMessage: undefined,
      details: [],
    });
  });

  test('is searched for leaks as it is passed on, text after text', () => {
    let searched: readonly string[] = [];
    const body = {
      code: '500-1',
      developerMessage: 'd',
      details: [{ key: 'k', value: 'v' }, { key: 'l' }],
    };

    readEnvelope(
      500,
      JSON.stringify(body),
      (text) => text.toUpperCase(),
      (said) => {
        searched = said;
        return false;
      },
    );

    expect(searched).toEqual(['D', '', 'K', 'V', 'L', '']);
  });
});
