import { type AttemptResult, createUpstream, type Upstream } from '../../lambda/egain/send.ts';

/** The product's own way to one of eGain's servers, retries included, and what came back on it. */
export interface Recorder {
  readonly upstream: Upstream;
  /** The final result of each request, in order. */
  readonly results: readonly AttemptResult[];
}

/** The result of a request whose deadline passed before an attempt ended. */
export const OUT_OF_TIME: AttemptResult = { kind: 'timeout', of: 'deadline' };

/** Makes a way to one of eGain's two servers. */
export function createRecorder(name: 'accounts' | 'token'): Recorder {
  const results: AttemptResult[] = [];
  const upstream = createUpstream(name);
  return {
    results,
    async upstream(request, deadline) {
      const result = await upstream(request, deadline);
      results.push(result);
      return result;
    },
  };
}
