import type { Request } from '@middy/core';
import type { Context } from 'aws-lambda';
import type { Clock } from '../platform/clock.ts';
import type { InvocationTelemetry, LogFields } from '../platform/telemetry.ts';
import type { Invocation, Middleware } from './invocation.ts';

export interface InvocationLogOptions<Event, Result> {
  /** What the record is called: the line's `message`. */
  readonly message: string;
  readonly telemetry: InvocationTelemetry;
  readonly clock: Clock;
  /** What is to be told of the event and its result. */
  readonly describe: (request: Request<Event, Result, Error, Context, Invocation>) => LogFields;
}

/**
 * Writes the record of each invocation, however it ended: one line with what it was, what it cost
 * and what was counted.
 */
export function invocationLog<Event, Result>({
  message,
  telemetry,
  clock,
  describe,
}: InvocationLogOptions<Event, Result>): Middleware<Event, Result> {
  const write: Middleware<Event, Result>['after'] = (request) => {
    const { correlationId, startedAt } = request.internal;
    const milliseconds = clock.now() - startedAt;
    telemetry.count('Latency', milliseconds);
    telemetry.record(message, {
      correlationId,
      ...describe(request),
      upstreamCalls: telemetry.total('UpstreamCalls') || undefined,
      tokenRequests: telemetry.total('TokenRequests') || undefined,
      milliseconds,
    });
  };
  return {
    before({ internal }) {
      internal.startedAt = clock.now();
    },
    after: write,
    onError: write,
  };
}
