import type { Fault } from '../faults.ts';
import { type HeadersEvent, headerOf } from './request-headers.ts';
import type { Answer } from './response.ts';

/** eGain's form of an error, which is the product's too. */
interface Envelope {
  readonly code: string;
  readonly developerMessage: string;
  readonly details?: Fault['details'];
  readonly userMessage?: string;
}

/** A fault as the caller is told it. */
export function faultAnswer(fault: Fault, event: HeadersEvent): Answer {
  const { code, developerMessage, details, userMessage, retryAfterSeconds } = fault;
  const envelope: Envelope = {
    code,
    developerMessage,
    ...(details.length > 0 && { details }),
    ...(wantsUserMessage(event) && { userMessage }),
  };
  return {
    status: fault.status,
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
