import { expect } from 'vitest';
import { CANARY, secretError, secretReply } from '../../../support/egain-world.ts';
import {
  type FaultRow,
  switching,
  three,
  twoLengths,
  unfetched,
} from '../../../support/fault-row.ts';
import type { Reply } from '../../../support/scripted-upstream.ts';

const UNUSABLE: [what: string, reply: Reply, reason: string][] = [
  ['does not exist', secretError('ResourceNotFoundException'), 'there is no secret arn:'],
  ['may not be read', secretError('AccessDeniedException'), 'may not read the secret arn:'],
  ['has a fault that is a text', secretError('a text'), 'cannot be read: unknown'],
  ['has a disabled key', secretError('DecryptionFailure'), 'cannot be read: DecryptionFailure'],
  ['is binary', { body: { VersionId: 'v', SecretBinary: 'AAEC' } }, 'there is no text, but binary'],
  ['is not JSON', secretReply(CANARY.clientSecret), 'there is no JSON in the secret arn:'],
  ['is cut off', secretReply('{"clientId":"a9"'), 'there is no JSON'],
  ['is a JSON string', secretReply(`"${CANARY.token}"`), 'the value is missing'],
  ['is a list', secretReply([]), 'the value is missing or not of its type'],
  ['lacks a key', secretReply({ clientId: CANARY.clientId }), 'clientSecret is missing'],
  ['holds a number', secretReply({ clientId: 'a9', clientSecret: 7 }), 'clientSecret is missing'],
  ...[' \t', '\u200B\u00A0'].map((clientId): [string, Reply, string] => [
    `is blank: ${JSON.stringify(clientId)}`,
    secretReply({ clientId, clientSecret: 'x9' }),
    'clientId is empty',
  ]),
  [
    'holds a line break',
    secretReply({ clientId: 'a9', clientSecret: `${CANARY.clientSecret}\n` }),
    'clientSecret holds a control character',
  ],
  [
    'is a placeholder',
    secretReply({ clientId: '', clientSecret: 'CHANGE_ME' }),
    'clientId is empty, clientSecret is a placeholder in the secret',
  ],
];

const json = JSON.stringify(secretReply().body);
const head = 'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n';

/** What is no whole answer of Secrets Manager's; the SDK repeats what a broken connection is. */
const UNREAD: [what: string, reply: Reply, failure: string, calls: number][] = [
  ['another protocol', switching, 'UnreadableAnswer', 1],
  ['two lengths', twoLengths, 'UnreadableAnswer', 1],
  ['half a body', { ...secretReply(), drop: 'in-body' }, 'ConnectionFailed', 2],
  ['half a refusal', { ...secretError('x'), drop: 'in-body' }, 'ConnectionFailed', 2],
  ['half a body of unknown length', { raw: head + json.slice(0, 40) }, 'SyntaxError', 1],
  ['no body', { raw: head }, 'ConnectionFailed', 2],
];

/** The secret, and how Secrets Manager may fail to give it. */
export const secretRows: readonly FaultRow[] = [
  ...UNUSABLE.map(
    ([what, reply, reason]): FaultRow => ({
      name: `the secret ${what}`,
      secrets: [reply],
      gives: [500, '500-902'],
      calls: [0, 0, 1],
      logs: unfetched('500-902', reason),
    }),
  ),
  {
    name: 'Secrets Manager throttles, and nothing was read before',
    secrets: three(secretError('ThrottlingException')),
    gives: [503, '503-903'],
    retryAfterSeconds: 5,
    calls: [0, 0, 2],
    logs: {
      message: 'Reading the secret failed',
      fields: expect.objectContaining({ failure: 'ThrottlingException' }),
    },
  },
  ...UNREAD.map(
    ([what, reply, failure, calls]): FaultRow => ({
      name: `Secrets Manager gives ${what}, and nothing was read before`,
      secrets: three(reply),
      gives: [503, '503-903'],
      retryAfterSeconds: 5,
      calls: [0, 0, calls],
      logs: {
        message: 'Reading the secret failed',
        fields: expect.objectContaining({ failure }),
      },
    }),
  ),
  {
    name: 'Secrets Manager does not answer',
    setUp: ({ clock }, upstream) => {
      upstream.secrets.script = [{ hang: true, before: () => clock.advance(25_000) }];
    },
    gives: [504, '504-901'],
    calls: [0, 0, 1],
    logs: unfetched('504-901', 'Secrets Manager did not answer'),
  },
];
