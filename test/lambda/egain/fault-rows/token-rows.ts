import { CANARY, secretReply, tokenReply } from '../../../support/egain-world.ts';
import {
  type FaultRow,
  failed,
  switching,
  three,
  twoLengths,
  unfetched,
} from '../../../support/fault-row.ts';
import type { Reply } from '../../../support/scripted-upstream.ts';

const oauth = (error: string, status = 400): Reply => ({ status, body: { error } });
const noToken = 'bearer token';

/** What is not tried again. */
const ONCE: [what: string, reply: Reply, code: string, reason: string][] = [
  ['a bare 403', { status: 403 }, '502-902', 'answered 403'],
  ['invalid_scope', oauth('invalid_scope'), '502-902', 'invalid_scope'],
  ['unauthorized_client', oauth('unauthorized_client'), '502-902', 'unauthorized_client'],
  ['invalid_resource', oauth('invalid_resource'), '502-902', 'invalid_resource'],
  ['invalid_target', oauth('invalid_target'), '502-902', 'invalid_target'],
  ['invalid_request', oauth('invalid_request'), '502-903', 'invalid_request'],
  ['an unknown error', oauth(CANARY.clientSecret, 418), '502-903', 'answered 418'],
  [
    'a redirect',
    { status: 307, headers: { location: 'http://127.0.0.1:1/' } },
    '502-903',
    'answered 307',
  ],
  ['101', switching, '502-903', 'the token endpoint is not HTTP: UPGRADE'],
  ['two lengths', twoLengths, '502-903', 'the token endpoint is not HTTP: HPE_'],
  ['302 and a token', { ...tokenReply('t'), status: 302 }, '502-903', 'answered 302'],
  ['no token', { body: { token_type: 'bearer' } }, '502-903', noToken],
  ['no bearer', tokenReply('t', { token_type: 'no bearer' }), '502-903', noToken],
  ['a token with a line break', tokenReply(`${CANARY.token}\n`), '502-903', noToken],
];

/** What refuses the client, so that the secret is read again; it is still the same. */
const CLIENT_REFUSED: [what: string, reply: Reply, reason: string][] = [
  [
    'invalid_client, and quotes the secret',
    { status: 401, body: { error: 'invalid_client', error_description: CANARY.clientSecret } },
    '401 invalid_client',
  ],
  ['invalid_client and 400', oauth('invalid_client'), '400 invalid_client'],
  ['invalid_client and 200', oauth('invalid_client', 200), '200 invalid_client'],
  ['a bare 401', { status: 401, body: 'no' }, 'answered 401'],
];

/** The token endpoint. */
export const tokenRows: readonly FaultRow[] = [
  ...ONCE.map(
    ([what, reply, code, reason]): FaultRow => ({
      name: `the token endpoint answers ${what}`,
      token: [reply],
      gives: [502, code],
      calls: [0, 1, 1],
      logs: unfetched(code, reason),
    }),
  ),
  ...CLIENT_REFUSED.map(
    ([what, reply, reason]): FaultRow => ({
      name: `the token endpoint answers ${what}`,
      token: three(reply),
      gives: [502, '502-901'],
      calls: [0, 1, 2],
      logs: unfetched('502-901', reason),
    }),
  ),
  {
    name: 'invalid_client, and the secret was rotated',
    token: [oauth('invalid_client', 401)],
    secrets: [secretReply(), secretReply(undefined, 'version-2')],
    gives: 'whole',
    calls: [1, 2, 2],
    logs: { message: 'The secret has a new version', fields: { secretVersion: 'version-2' } },
  },
  {
    name: 'invalid_client for the rotated secret as well',
    token: three(oauth('invalid_client', 401)),
    secrets: [secretReply(), secretReply(undefined, 'version-2')],
    gives: [502, '502-901'],
    calls: [0, 2, 2],
    logs: { message: 'eGain refuses the credentials', fields: { secretVersion: 'version-2' } },
  },
  {
    name: 'unauthorized_client, and the client id was pasted',
    token: [oauth('unauthorized_client')],
    secrets: [secretReply({ clientId: `${CANARY.clientId}\u00A0`, clientSecret: 'x9”' })],
    gives: [502, '502-902'],
    calls: [0, 1, 1],
    logs: {
      message: 'eGain refuses the credentials',
      fields: {
        secretVersion: 'version-1',
        ends: 'clientId ends with a no-break space, clientSecret ends with a quotation mark',
      },
    },
  },
  ...[
    { body: `<html>${CANARY.clientSecret}` },
    { status: 299 },
    { body: '{"access_token":"t"' },
  ].map(
    (reply): FaultRow => ({
      name: `the token endpoint succeeds without JSON: ${JSON.stringify(reply)}`,
      token: three(reply),
      gives: [502, '502-903'],
      calls: [0, 3, 1],
      logs: unfetched('502-903', noToken),
    }),
  ),
  {
    name: 'the token endpoint fails',
    token: three(oauth('invalid_client', 500)),
    gives: [502, '502-905'],
    calls: [0, 3, 1],
    logs: failed({ upstream: 'token', attempt: 3, status: 500 }),
  },
  {
    name: 'temporarily_unavailable for ever',
    token: three(oauth('temporarily_unavailable')),
    gives: [502, '502-905'],
    calls: [0, 3, 1],
    logs: unfetched('502-905', 'temporarily_unavailable'),
  },
  ...[
    oauth('', 503),
    oauth('temporarily_unavailable'),
    oauth('temporarily_unavailable', 401),
    oauth('server_error'),
    { body: 'Please try again.' },
  ].map(
    (reply): FaultRow => ({
      name: `the token endpoint answers ${JSON.stringify(reply)}, once`,
      token: [reply],
      gives: 'whole',
      calls: [1, 2, 1],
      logs: failed({ upstream: 'token', status: reply.status ?? 200, retryAfterMs: 50 }),
    }),
  ),
  {
    name: 'the token endpoint drops connections, the first of which was kept from the secret',
    token: [{ drop: 'at-once' }, ...three({ drop: 'at-once' })],
    gives: [502, '502-905'],
    calls: [0, 4, 1],
    logs: unfetched('502-905', 'connection'),
  },
  {
    name: 'the token endpoint throttles',
    token: three(oauth('slow_down', 429)),
    gives: [503, '503-901'],
    calls: [0, 3, 1],
    logs: unfetched('503-901'),
    retryAfterSeconds: 10,
  },
  {
    name: 'the token endpoint throttles with 400',
    token: [oauth('slow_down')],
    gives: [503, '503-901'],
    calls: [0, 1, 1],
    logs: unfetched('503-901', 'slow_down'),
    retryAfterSeconds: 10,
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
];
