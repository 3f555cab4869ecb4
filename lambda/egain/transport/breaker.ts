import {
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhenResult,
  type IBackoff,
} from 'cockatiel';
import { Fault } from '../../faults.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Outcome } from './attempt.ts';

const FAILURES = 5;
const OPEN_MS = 10_000;
/** A caller with less time than this learns nothing about the server when it waits in vain. */
const TELLING_MS = 5000;

export interface Breaker {
  /**
   * Makes the attempt, unless the server has failed too often of late.
   *
   * @throws Fault `503-902` in place of the attempt, with the seconds until the next probe
   */
  run(attempt: () => Promise<Outcome>): Promise<Outcome>;
}

/**
 * A circuit breaker over cockatiel's: after 5 failures in a row the server is left alone for 10 s;
 * then one attempt probes it, and its outcome closes the circuit or opens it anew.
 */
export function createBreaker(clock: Clock): Breaker {
  let openedAt = 0;
  const opened = () => clock.now() - openedAt < OPEN_MS;
  // Cockatiel compares `duration` with the system's time. It has always passed, so the injected
  // clock decides alone, in `run`.
  const untilProbe: IBackoff<unknown> = {
    duration: Number.NEGATIVE_INFINITY,
    next() {
      openedAt = clock.now();
      return untilProbe;
    },
  };
  const policy = circuitBreaker(
    handleWhenResult((outcome) =>
      failed(outcome as Outcome, policy.state === CircuitState.HalfOpen),
    ),
    { halfOpenAfter: untilProbe, breaker: new ConsecutiveBreaker(FAILURES) },
  );

  return {
    async run(attempt) {
      // While one probe is out, cockatiel would let others wait for it, deaf to their deadlines.
      const probing = policy.state === CircuitState.HalfOpen;
      if (probing || (policy.state === CircuitState.Open && opened())) {
        const leftMs = probing ? 0 : openedAt + OPEN_MS - clock.now();
        const seconds = Math.max(1, Math.ceil(leftMs / 1000));
        throw new Fault('egainLeftAlone', {
          retryAfterSeconds: seconds,
          reason: 'the circuit breaker is open',
        });
      }
      return policy.execute(attempt);
    },
  };
}

/** What tells that the server is unwell. A 4xx is an answer; 429 has a rule of its own. */
function failed(outcome: Outcome, probe: boolean): boolean {
  if (outcome.kind === 'broken') return true;
  if (outcome.kind === 'answer') return outcome.status >= 500;
  return probe || outcome.waitedMs >= TELLING_MS;
}
