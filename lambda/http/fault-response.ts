import { asFault, type Fault } from '../faults.ts';
import { type AuthorizedEvent, seesEverything } from './authorizer-context.ts';
import type { HttpMiddleware } from './http-middleware.ts';
import { type HeadersEvent, headerOf } from './request-headers.ts';
import type { HttpResponse } from './response.ts';

/** eGain's form of an error, which is the product's too. */
interface Envelope {
  readonly code: string;
  readonly developerMessage: string;
  readonly details?: Fault['details'];
  readonly userMessage?: string;
}

/** Answers whatever was thrown with its envelope. */
export function faultResponse(): HttpMiddleware {
  return {
    onError(request) {
      request.response = responseTo(asFault(request.error), request.event);
    },
  };
}

function responseTo(fault: Fault, event: HeadersEvent & AuthorizedEvent): HttpResponse {
  const { code, retryAfterSeconds } = fault;
  const { developerMessage, details, userMessage } = fault.told(seesEverything(event));
  const envelope: Envelope = {
    code,
    developerMessage,
    ...(details.length > 0 && { details }),
    ...(wantsUserMessage(event) && { userMessage }),
  };
  return {
    statusCode: fault.status,
    headers: {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      ...(retryAfterSeconds !== undefined && { 'Retry-After': String(retryAfterSeconds) }),
    },
    body: JSON.stringify(envelope),
  };
}

function wantsUserMessage(event: HeadersEvent): boolean {
  return headerOf(event, 'x-egain-error-message')?.trim().toLowerCase() === 'yes';
}
