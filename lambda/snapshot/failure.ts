import { BudgetSpent } from '../egain/call-budget.ts';
import { Fault, type FaultName } from '../faults.ts';
import type { Failure } from './shared-state.ts';

const FIRST_MS = 2000;
const LONGEST_MS = 30_000;
/** A caller with less time than this learns nothing about eGain when it waits in vain. */
const TELLING_MS = 4500;

/** eGain refuses the credentials, or grants them too little. */
const SHUT_OUT: readonly FaultName[] = ['egainCredentialsRefused', 'egainScopeInsufficient'];
/** What says nothing about eGain: our own set-up, our own faults, our own budget of calls. */
const NOT_EGAINS: readonly FaultName[] = [
  'misconfigured',
  'secretStoreUnavailable',
  'internalError',
  'egainLeftAlone',
];

/**
 * What is to be remembered of a walk that failed: that eGain is to be left alone for 2 s, for twice
 * as long after each further failure and 30 s at most, or for as long as eGain says.
 *
 * @param walkedMs how long the walk was given
 * @param earlier the failure before, where no walk has succeeded since
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
  if (tooShort || fault instanceof BudgetSpent || fault.is(...NOT_EGAINS)) return undefined;
  const count = (earlier?.count ?? 0) + 1;
  const statedMs = fault.is('egainThrottled') ? (fault.retryAfterSeconds ?? 0) * 1000 : 0;
  const waitMs = statedMs || Math.min(LONGEST_MS, FIRST_MS * 2 ** (count - 1));
  return {
    fault: fault.kind,
    code: fault.code,
    // Another failure after a refusal does not let anybody in again.
    shutOut: fault.is(...SHUT_OUT) || earlier?.shutOut === true,
    count,
    until: now + waitMs,
  };
}

/**
 * What a caller is told while a failure is remembered. Refused credentials stay what they are:
 * waiting does not mend them, and whoever watches for their code shall go on seeing it.
 */
export function faultOf(failure: Failure, now: number): Fault {
  const reason = `a walk has failed with ${failure.code}, the ${failure.count}. in a row`;
  if (SHUT_OUT.includes(failure.fault)) return new Fault(failure.fault, { reason });
  return new Fault('egainLeftAlone', {
    retryAfterSeconds: Math.max(1, Math.ceil((failure.until - now) / 1000)),
    details: [{ key: 'cause', value: failure.code }],
    reason,
  });
}
