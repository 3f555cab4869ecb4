import { type AttemptResult, createUpstream, type Upstream } from '../../lambda/egain/send.ts';
import { send } from '../../lambda/platform/http-client.ts';
import { parseJson } from '../../lambda/platform/parse.ts';

/** The product's own way to one of eGain's servers, retries included, and what came back on it. */
export interface Recorder {
  readonly upstream: Upstream;
  /** The final result of each request, in order. */
  readonly results: readonly AttemptResult[];
  /** How many requests were sent, retries included. */
  readonly requests: number;
}

/** The result of a request whose deadline passed before an attempt ended. */
export const OUT_OF_TIME: AttemptResult = { kind: 'timeout', of: 'deadline' };

/** Makes a way to one of eGain's two servers. */
export function createRecorder(name: 'accounts' | 'token'): Recorder {
  const results: AttemptResult[] = [];
  let requests = 0;
  const upstream = createUpstream(name, {
    send(call, options) {
      requests += 1;
      return send(call, options);
    },
  });
  return {
    results,
    get requests() {
      return requests;
    },
    async upstream(request, deadline) {
      const result = await upstream(request, deadline);
      results.push(result);
      return result;
    },
  };
}

/** The members of a text that is a JSON object. */
export function jsonMembers(text: string | null): Readonly<Record<string, unknown>> {
  const value = parseJson(text);
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
