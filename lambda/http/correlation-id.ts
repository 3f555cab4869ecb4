import type { APIGatewayProxyEvent } from 'aws-lambda';
import { type HeadersEvent, headerOf } from './request-headers.ts';

const ACCEPTABLE = /^[A-Za-z0-9._:-]{1,128}$/;

/**
 * The id that an answer, its log line and the caller's own records share: the caller's
 * `X-Correlation-Id` where it is a plain word of at most 128 characters (anything else would let a
 * caller write into logs and headers), else the gateway's request id.
 *
 * @returns undefined for an event that has neither, such as one made by hand
 */
export function correlationIdOf(
  event: HeadersEvent & Pick<APIGatewayProxyEvent, 'requestContext'>,
): string | undefined {
  // What an event of the gateway always has may be missing from one made by hand in a console.
  const context: { requestId?: string } | undefined = event.requestContext;
  const candidates = [headerOf(event, 'x-correlation-id'), context?.requestId];
  return candidates.find((id) => id !== undefined && ACCEPTABLE.test(id));
}
