import { expect } from 'vitest';
import { CANARY, secretError, secretReply } from '../../../support/egain-world.ts';
import { type FaultRow, three, unfetched } from '../../../support/fault-row.ts';

/** The secret, and how Secrets Manager may fail to give it. */
export const secretRows: readonly FaultRow[] = [
  {
    name: 'the secret does not exist',
    secrets: [secretError('ResourceNotFoundException')],
    gives: [500, '500-902'],
    calls: [0, 0, 1],
    logs: unfetched('500-902', 'there is no secret arn:'),
  },
  {
    name: 'the secret may not be read',
    secrets: [secretError('AccessDeniedException')],
    gives: [500, '500-902'],
    calls: [0, 0, 1],
    logs: unfetched('500-902', 'may not read'),
  },
  {
    name: 'the key of the secret is disabled',
    secrets: [secretError('DecryptionFailure')],
    gives: [500, '500-902'],
    calls: [0, 0, 1],
    logs: unfetched('500-902', 'DecryptionFailure'),
  },
  {
    name: 'the secret is binary',
    secrets: [{ body: { VersionId: 'v', SecretBinary: 'AAEC' } }],
    gives: [500, '500-902'],
    calls: [0, 0, 1],
    logs: unfetched('500-902', 'binary'),
  },
  {
    name: 'the secret is not JSON',
    secrets: [secretReply(CANARY.clientSecret)],
    gives: [500, '500-902'],
    calls: [0, 0, 1],
    logs: unfetched('500-902', 'no JSON'),
  },
  {
    name: 'the secret is a JSON string',
    secrets: [secretReply(`"${CANARY.token}"`)],
    gives: [500, '500-902'],
    calls: [0, 0, 1],
    logs: unfetched('500-902', 'the value is missing'),
  },
  {
    name: 'the secret lacks a key',
    secrets: [secretReply({ clientId: CANARY.clientId })],
    gives: [500, '500-902'],
    calls: [0, 0, 1],
    logs: unfetched('500-902', 'clientSecret is missing'),
  },
  {
    name: 'the secret has an empty value',
    secrets: [secretReply({ clientId: ' ', clientSecret: 'x9' })],
    gives: [500, '500-902'],
    calls: [0, 0, 1],
    logs: unfetched('500-902', 'clientId is empty'),
  },
  {
    name: 'the secret holds a line break',
    secrets: [secretReply({ clientId: 'a9', clientSecret: `${CANARY.clientSecret}\n` })],
    gives: [500, '500-902'],
    calls: [0, 0, 1],
    logs: unfetched('500-902', 'control character'),
  },
  {
    name: 'the secret is a placeholder',
    secrets: [secretReply({ clientId: '<client id>', clientSecret: 'CHANGE_ME' })],
    gives: [500, '500-902'],
    calls: [0, 0, 1],
    logs: unfetched('500-902', 'clientSecret is a placeholder'),
  },
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
