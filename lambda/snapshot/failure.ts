import { Fault, type FaultName } from '../faults.ts';
import type { Failure } from './shared-state.ts';

const FIRST_MS = 2000;
const LONGEST_MS = 30_000;
/** That eGain did not answer in less time than this says nothing about it. */
const TELLING_MS = 4500;

/** eGain refuses the credentials, or grants them too little. */
const SHUT_OUT: readonly FaultName[] = ['egainCredentialsRefused', 'egainScopeInsufficient'];
/** What says nothing about eGain: our own set-up and our own faults. */
const NOT_EGAINS: readonly FaultName[] = [
  'misconfigured',
  'secretStoreUnavailable',
  'internalError',
  'egainLeftAlone',
];

/**
 * What the containers remember of a page walk that failed: they leave eGain alone for 2 s, for twice
 * as long after each further failure, up to 30 s, or for as long as eGain says.
 *
 * @param walkedMs how long the page walk was given
 * @param earlier the failure before, where no page walk has succeeded since
 * @param now milliseconds since the epoch
 * @returns undefined where the failure says nothing about eGain
 */
export function rememberedOf(
  fault: Fault,
  walkedMs: number,
  earlier: Failure | undefined,
  now: number,
): Failure | undefined {
  const tooShort = fault.is('timedOut') && walkedMs < TELLING_MS;
  if (tooShort || fault.is(...NOT_EGAINS)) return undefined;
  const count = (earlier?.count ?? 0) + 1;
  const statedMs = fault.is('egainThrottled') ? (fault.retryAfterSeconds ?? 0) * 1000 : 0;
  const waitMs = statedMs || Math.min(LONGEST_MS, FIRST_MS * 2 ** (count - 1));
  return {
    fault: fault.kind,
    code: fault.code,
    // A refusal counts until a page walk succeeds, whatever fails after it.
    shutOut: fault.is(...SHUT_OUT) || earlier?.shutOut === true,
    count,
    until: now + waitMs,
  };
}

/**
 * What a caller is told while a failure is remembered. Refused credentials keep their own code:
 * waiting does not mend them, and operators watch for that code.
 */
export function faultOf(failure: Failure, now: number): Fault {
  const reason = `a page walk failed with ${failure.code}; failures in a row: ${failure.count}`;
  if (SHUT_OUT.includes(failure.fault)) return new Fault(failure.fault, { reason });
  return new Fault('egainLeftAlone', {
    retryAfterSeconds: Math.max(1, Math.ceil((failure.until - now) / 1000)),
    details: [{ key: 'cause', value: failure.code }],
    reason,
  });
}
