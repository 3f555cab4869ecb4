import type { AttemptResult } from '../lambda/egain/send.ts';
import { createRetryBudget, createUpstream, type Upstream } from '../lambda/egain/send.ts';
import type { Clock, Deadline } from '../lambda/platform/deadline.ts';
import type { Telemetry } from '../lambda/platform/telemetry.ts';

/** The product's own way to eGain, retries included, with an ear on what comes back. */
export interface Recorder {
  readonly upstream: Upstream;
  readonly telemetry: Telemetry;
  /** What came of each request, in order. */
  readonly results: readonly AttemptResult[];
  /** Requests sent, retries included. */
  readonly requests: number;
}

/** Makes a way to one of eGain's two servers, with nothing heard yet. */
export function createRecorder(name: 'accounts' | 'token', clock: Clock): Recorder {
  const results: AttemptResult[] = [];
  let requests = 0;
  const metric = name === 'token' ? 'TokenRequests' : 'UpstreamCalls';
  // What the product would log is not for a terminal: the findings say it in their own way.
  const telemetry: Telemetry = {
    info: () => {},
    warn: () => {},
    error: () => {},
    count(counted) {
      if (counted === metric) requests += 1;
    },
  };
  const upstream = createUpstream({
    name,
    metric,
    clock,
    telemetry,
    budget: createRetryBudget(clock),
    random: Math.random,
  });
  return {
    telemetry,
    results,
    get requests() {
      return requests;
    },
    upstream: {
      async send(request, deadline: Deadline) {
        const sent = await upstream.send(request, deadline);
        results.push(sent.result);
        return sent;
      },
    },
  };
}
