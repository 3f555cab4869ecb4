import type { UpstreamRequest } from '../../lambda/egain/send.ts';
import type { HttpResponse } from '../../lambda/platform/http-client.ts';

/** A request of which a test looks at the answer alone. */
export const REQUEST: UpstreamRequest = {
  url: 'https://api.example.com/accounts',
  method: 'GET',
  headers: {},
  maxBytes: 1000,
};

/** A response as the HTTP client gives it. */
export const responseOf = (status: number, more: Partial<HttpResponse> = {}): HttpResponse => ({
  status,
  headers: new Headers(),
  text: 'a text',
  ...more,
});
