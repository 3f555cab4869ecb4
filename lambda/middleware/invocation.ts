import type { MiddlewareObj } from '@middy/core';
import type { Context } from 'aws-lambda';

/** What middleware knows of an invocation beside its event; Middy's `request.internal`. */
export interface Invocation extends Record<string, unknown> {
  /** Names the invocation in answers and in log lines. */
  correlationId: string;
  /** Milliseconds since the epoch. */
  startedAt: number;
}

/** One concern around a handler. What comes first is outermost: its `before` first, the rest last. */
export type Middleware<Event, Result> = MiddlewareObj<Event, Result, Error, Context, Invocation>;

/**
 * Middy's options for every handler. The deadline is our own: Middy's early time-out would answer
 * in its place.
 */
export const HANDLER_OPTIONS = { timeoutEarlyInMillis: 0 } as const;
