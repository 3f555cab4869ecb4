import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
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
