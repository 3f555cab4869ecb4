import { globalAgent } from 'node:http';
import { expect } from 'vitest';
import { CANARY, secretReply, tokenReply } from '../../../support/egain-world.ts';
import { type FaultRow, failed, three, unfetched } from '../../../support/fault-row.ts';

/** The token endpoint. */
export const tokenRows: readonly FaultRow[] = [
  {
    name: 'invalid_client, and the secret is the same',
    token: three({
      status: 401,
      body: { error: 'invalid_client', error_description: CANARY.clientSecret },
    }),
    gives: [502, '502-901'],
    calls: [0, 1, 2],
    logs: { message: 'eGain refuses the credentials', fields: expect.anything() },
  },
  {
    name: 'invalid_client with status 400',
    token: three({ status: 400, body: { error: 'invalid_client' } }),
    gives: [502, '502-901'],
    calls: [0, 1, 2],
    logs: unfetched('502-901', '400 invalid_client'),
  },
  {
    name: 'invalid_client, and the secret was rotated',
    token: [{ status: 401, body: { error: 'invalid_client' } }],
    secrets: [secretReply(), secretReply(undefined, 'version-2')],
    gives: 'whole',
    calls: [1, 2, 2],
    logs: {
      message: 'The secret has a new version',
      fields: expect.objectContaining({ secretVersion: 'version-2' }),
    },
  },
  {
    name: 'invalid_client for the rotated secret as well',
    token: three({ status: 401, body: { error: 'invalid_client' } }),
    secrets: [secretReply(), secretReply(undefined, 'version-2')],
    gives: [502, '502-901'],
    calls: [0, 2, 2],
    logs: {
      message: 'eGain refuses the credentials',
      fields: expect.objectContaining({ secretVersion: 'version-2' }),
    },
  },
  {
    name: 'a bare 401 from the token endpoint',
    token: three({ status: 401, body: 'no' }),
    gives: [502, '502-901'],
    calls: [0, 1, 2],
    logs: unfetched('502-901', 'answered 401'),
  },
  {
    name: 'a bare 403 from the token endpoint',
    token: [{ status: 403 }],
    gives: [502, '502-902'],
    calls: [0, 1, 1],
    logs: unfetched('502-902', 'answered 403'),
  },
  {
    name: 'invalid_scope',
    token: [{ status: 400, body: { error: 'invalid_scope' } }],
    gives: [502, '502-902'],
    calls: [0, 1, 1],
    logs: unfetched('502-902', 'invalid_scope'),
  },
  {
    name: 'unauthorized_client',
    token: [{ status: 400, body: { error: 'unauthorized_client' } }],
    gives: [502, '502-902'],
    calls: [0, 1, 1],
    logs: unfetched('502-902', 'unauthorized_client'),
  },
  {
    name: 'invalid_request',
    token: [{ status: 400, body: { error: 'invalid_request' } }],
    gives: [502, '502-903'],
    calls: [0, 1, 1],
    logs: unfetched('502-903', 'invalid_request'),
  },
  {
    name: 'an error that no standard names',
    token: [{ status: 418, body: { error: CANARY.clientSecret } }],
    gives: [502, '502-903'],
    calls: [0, 1, 1],
    logs: unfetched('502-903', 'answered 418'),
  },
  {
    name: 'a redirect from the token endpoint',
    token: [{ status: 307, headers: { location: 'http://127.0.0.1:1/' } }],
    gives: [502, '502-903'],
    calls: [0, 1, 1],
    logs: unfetched('502-903', 'answered 307'),
  },
  {
    name: 'the token endpoint fails',
    token: three({ status: 500, body: { error: 'invalid_client' } }),
    gives: [502, '502-905'],
    calls: [0, 3, 1],
    logs: failed({ upstream: 'token', attempt: 3, status: 500 }),
  },
  {
    name: 'the token endpoint fails once',
    token: [{ status: 503 }],
    gives: 'whole',
    calls: [1, 2, 1],
    logs: failed({ upstream: 'token', attempt: 1, status: 503 }),
  },
  {
    name: 'the token endpoint drops connections',
    setUp: () => globalAgent.destroy(),
    token: three({ drop: 'at-once' }),
    gives: [502, '502-905'],
    calls: [0, 3, 1],
    logs: unfetched('502-905', 'connection'),
  },
  {
    name: 'the token endpoint throttles',
    token: three({ status: 429, body: { error: 'slow_down' } }),
    gives: [503, '503-901'],
    calls: [0, 3, 1],
    logs: unfetched('503-901'),
    retryAfterSeconds: 10,
  },
  {
    name: 'the token endpoint names a long wait',
    token: [{ status: 503, headers: { 'retry-after': '120' } }],
    gives: [503, '503-901'],
    calls: [0, 1, 1],
    logs: unfetched('503-901'),
    retryAfterSeconds: 120,
  },
  {
    name: 'the token endpoint does not answer',
    setUp: ({ clock }, upstream) => {
      upstream.token.script = [{ hang: true, before: () => clock.advance(25_000) }];
    },
    gives: [504, '504-901'],
    calls: [0, 1, 1],
    logs: unfetched('504-901', 'token endpoint'),
  },
  {
    name: 'the token answer is not JSON',
    token: [{ body: `<html>${CANARY.clientSecret}` }],
    gives: [502, '502-903'],
    calls: [0, 1, 1],
    logs: unfetched('502-903', 'bearer token'),
  },
  {
    name: 'the token answer is a list',
    token: [{ body: [] }],
    gives: [502, '502-903'],
    calls: [0, 1, 1],
    logs: unfetched('502-903', 'bearer token'),
  },
  {
    name: 'the token answer has no token',
    token: [{ body: { token_type: 'bearer' } }],
    gives: [502, '502-903'],
    calls: [0, 1, 1],
    logs: unfetched('502-903', 'bearer token'),
  },
  {
    name: 'the token is not a bearer',
    token: [tokenReply('t', { token_type: 'DPoP' })],
    gives: [502, '502-903'],
    calls: [0, 1, 1],
    logs: unfetched('502-903', 'bearer token'),
  },
  {
    name: 'the token cannot stand in a header',
    token: [tokenReply(`${CANARY.token}\n`)],
    gives: [502, '502-903'],
    calls: [0, 1, 1],
    logs: unfetched('502-903', 'bearer token'),
  },
];
