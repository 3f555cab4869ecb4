import type { UpstreamRequest } from '../../lambda/egain/send.ts';
import { ConnectionFailed, type HttpAnswer } from '../../lambda/platform/http-client.ts';

/** A request of which a test looks at the answer alone. */
export const REQUEST: UpstreamRequest = {
  url: 'https://api.example.com/accounts',
  method: 'GET',
  headers: {},
  maxBytes: 1000,
};

/** An answer as the HTTP client gives it. */
export const answerOf = (status: number, more: Partial<HttpAnswer> = {}): HttpAnswer => ({
  status,
  headers: {},
  text: 'a text',
  ...more,
});

/** A connection that failed, new or kept from earlier. */
export const failedConnection = (code: string, kept = false) => new ConnectionFailed(code, kept);
