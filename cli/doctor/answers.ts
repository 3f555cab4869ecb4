import {
  type AttemptResult,
  createUpstream,
  isThrottling,
  type Upstream,
  type UpstreamResponse,
} from '../../lambda/egain/send.ts';
import { Fault } from '../../lambda/faults.ts';
import { type Finding, failed } from '../findings.ts';

/** The product's own way to one of eGain's servers, retries included, and what came back on it. */
export interface Recorder {
  readonly upstream: Upstream;
  /** The final result of each request, in order. */
  readonly results: readonly AttemptResult[];
}

/** The result of a request whose deadline passed before an attempt ended. */
export const OUT_OF_TIME: AttemptResult = { kind: 'timeout' };

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

/** A request to one of eGain's servers that no whole answer came to. */
export function noAnswer(
  server: string,
  result: Exclude<AttemptResult, UpstreamResponse>,
): Finding<never> {
  if (result.kind === 'timeout') {
    return failed(
      `${server} takes the request and does not answer in time`,
      'Try again. If it fails again, ask eGain, or whoever runs the proxy in between.',
      { cause: 'timeout' },
    );
  }
  if (result.kind === 'unreadable') {
    return failed(
      `${server} answered what is not HTTP (${result.errorCode})`,
      'Is the URL right, and does nothing in between answer in its place?',
      { cause: 'not-http' },
    );
  }
  return failed(
    `the connection to ${server} broke (${result.during}, ${result.errorCode})`,
    'Try again. If it fails again, check the firewall or proxy in between.',
    { cause: 'unreachable' },
  );
}

/** An answer that says that eGain has too much to do or is out of order; undefined for others. */
export function overload(
  seen: string,
  answer: UpstreamResponse,
  error: unknown,
): Finding<never> | undefined {
  if (answer.status >= 500) return failed(seen, TRY_LATER, { cause: 'egain-unavailable' });
  if (!isThrottling(answer)) return undefined;
  const { retryAfterSeconds = 60 } = error instanceof Fault ? error : {};
  const advice = `Wait ${retryAfterSeconds} s and try again; ask eGain for the quota.`;
  return failed(seen, advice, { cause: 'throttled' });
}

/** What to do about an outage of eGain's. */
export const TRY_LATER = 'Try again later. Nothing shows that the setup is wrong.';

/** An answer's status, and the codes in it. */
export function answered(server: string, { status }: UpstreamResponse, codes: string[]): string {
  return `${server} answered ${status}${codes.length === 0 ? '' : ` (${codes.join(', ')})`}`;
}

/** Whether an answer calls itself HTML, as sign-in pages and error pages of proxies do. */
export function isHtml({ headers }: UpstreamResponse): boolean {
  return /html/i.test(headers['content-type'] ?? '');
}
