import { type HttpMiddleware, onEveryResponse } from './http-middleware.ts';

/** Answers HEAD as GET, without the body. */
export function headWithoutBody(): HttpMiddleware {
  return onEveryResponse((response, { event }) =>
    event.httpMethod === 'HEAD' ? { ...response, body: '' } : response,
  );
}
