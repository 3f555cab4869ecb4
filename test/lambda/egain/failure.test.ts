import { expect, it } from 'vitest';
import { failureToFault } from '../../../lambda/egain/failure.ts';

it.each([
  ['ETIMEDOUT', 'eGain cannot be reached, as where there is no way out: connection ETIMEDOUT'],
  ['ENETUNREACH', 'eGain cannot be reached, as where there is no way out: connection ENETUNREACH'],
  ['ECONNREFUSED', 'eGain cannot be reached: connection ECONNREFUSED'],
  ['ECONNRESET', 'eGain cannot be reached: connection ECONNRESET'],
])(
  'the log tells a function without a way out from an eGain that is away: %s',
  (errorCode, reason) => {
    const result = { kind: 'network-error', during: 'connection', errorCode } as const;

    expect(failureToFault(result, { server: 'eGain', now: 0 })).toMatchObject({ reason });
  },
);
