import { randomUUID } from 'node:crypto';
import type { MiddlewareObj, Request } from '@middy/core';
import type { Context } from 'aws-lambda';
import { FAULTS, Fault, toFault } from './faults.ts';
import type { Clock } from './platform/deadline.ts';
import type { InvocationTelemetry, LogFields } from './platform/telemetry.ts';

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

/**
 * Names the invocation.
 *
 * @param idOf the name that it has already; without one, it gets a random one
 */
export function correlationId<Event, Result>(
  idOf: (event: Event, context: Context) => string | undefined,
): Middleware<Event, Result> {
  return {
    before({ event, context, internal }) {
      internal.correlationId = idOf(event, context) ?? randomUUID();
    },
  };
}

/** The name that Lambda gave the invocation; an event made by hand may come without a context. */
export const lambdaRequestId = (_: unknown, context: Partial<Context>): string | undefined =>
  context.awsRequestId;

/** Logs why an invocation failed, counts the fault, and puts its code into the record. */
export function faultLog<Event, Result>(telemetry: InvocationTelemetry): Middleware<Event, Result> {
  return {
    onError({ error, internal }) {
      const fault = toFault(error);
      const { code } = FAULTS[fault.kind];
      logFault(fault, error, { correlationId: internal.correlationId, code }, telemetry);
      telemetry.note({ code, ...(fault.code === code ? {} : { egainCode: fault.code }) });
      // By the product's own code: eGain's codes, of which some are passed on, are without number.
      telemetry.count('Faults', 1, code);
      if (fault.status >= 500) telemetry.count('ServerFaults');
    },
  };
}

/** A line where there is more to say than the code. */
function logFault(
  fault: Fault,
  error: unknown,
  fields: LogFields,
  telemetry: InvocationTelemetry,
): void {
  if (!(error instanceof Fault)) {
    telemetry.error('unexpected error', { ...fields, ...traceOf(error) });
  } else if (fault.reason !== undefined) {
    const level = fault.status >= 500 ? 'error' : 'warn';
    telemetry[level]('fault', { ...fields, reason: fault.reason });
  }
}

/** An error's name and where it was thrown. Its message may quote a secret, so it is left out. */
function traceOf(error: unknown): { error: string; at?: string } {
  if (!(error instanceof Error)) return { error: typeof error };
  const frames = (error.stack ?? '')
    .replace(error.message, () => '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line));
  return { error: error.name, at: frames.map((frame) => frame.trim()).join('; ') };
}

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
    const { startedAt } = request.internal;
    const milliseconds = clock.now() - startedAt;
    telemetry.count('Latency', milliseconds);
    telemetry.record(message, {
      correlationId: request.internal.correlationId,
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
