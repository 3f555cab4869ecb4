import { randomUUID } from 'node:crypto';
import type { MiddlewareObj, Request } from '@middy/core';
import type { Context } from 'aws-lambda';
import { FAULTS, Fault, toFault } from './faults.ts';
import { errorName, type LogFields, log, note, writeRecord } from './platform/log.ts';
import { count, total } from './platform/metrics.ts';

/** What Lambda invokes. */
export type Handler<Event, Result> = (event: Event, context: Context) => Promise<Result>;

/** What middlewares share about one invocation; Middy's `request.internal`. */
interface Invocation extends Record<string, unknown> {
  /** Names the invocation in answers and in log lines. */
  correlationId: string;
  /** Milliseconds since the epoch. */
  startedAt: number;
}

/** An invocation on its way through the middlewares. */
export type Invoked<Event, Result> = Request<Event, Result, Error, Context, Invocation>;

/** The first one in a chain is the outermost: its `before` runs first, its `after` or `onError` last. */
export type Middleware<Event = unknown, Result = unknown> = MiddlewareObj<
  Event,
  Result,
  Error,
  Context,
  Invocation
>;

/** Deadlines are the product's own: Middy's early time-out would answer in its place. */
export const HANDLER_OPTIONS = { timeoutEarlyInMillis: 0 } as const;

/**
 * Gives the invocation its correlation id; a random one where an event made by hand brings none.
 *
 * @param idOf gives the id that the event or its context brings, by default Lambda's own
 */
export function correlationId<Event>(
  idOf = (_: Event, context: Partial<Context>) => context.awsRequestId,
): Middleware<Event> {
  return {
    before({ event, context, internal }) {
      internal.correlationId = idOf(event, context) ?? randomUUID();
    },
  };
}

/** Writes one line for each invocation, however it ended, with the fields that `describe` gives. */
export function invocationLog<Event, Result>(
  message: string,
  describe: (request: Invoked<Event, Result>) => LogFields,
): Middleware<Event, Result> {
  const write = (request: Invoked<Event, Result>) => {
    const { correlationId: id, startedAt } = request.internal;
    const milliseconds = Date.now() - startedAt;
    count('Latency', milliseconds);
    writeRecord(message, {
      correlationId: id,
      ...describe(request),
      upstreamCalls: total('UpstreamCalls') || undefined,
      tokenRequests: total('TokenRequests') || undefined,
      milliseconds,
    });
  };
  return {
    before({ internal }) {
      internal.startedAt = Date.now();
    },
    after: write,
    onError: write,
  };
}

/** Logs why an invocation failed, counts the fault, and notes its code for the record. */
export const faultLog: Middleware = {
  onError({ error, internal }) {
    const fault = toFault(error);
    const { code } = FAULTS[fault.kind];
    const fields = { correlationId: internal.correlationId, code };
    if (!(error instanceof Fault)) {
      log.error('unexpected error', { ...fields, ...traceOf(error) });
    } else if (error.reason !== undefined) {
      log[error.status >= 500 ? 'error' : 'warn']('fault', { ...fields, reason: error.reason });
    }
    note({ code, ...(fault.code === code ? {} : { egainCode: fault.code }) });
    // By the product's own code: there is no end of eGain's codes, some of which are passed on.
    count('Faults');
    if (fault.status >= 500) count('ServerFaults');
  },
};

/** An error's name and where it was thrown. Its message may quote a secret and is left out. */
function traceOf(error: unknown): { error: string; at?: string } {
  if (!(error instanceof Error)) return { error: typeof error };
  const frames = (error.stack ?? '')
    .replace(error.message, () => '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line));
  return { error: errorName(error), at: frames.map((frame) => frame.trim()).join('; ') };
}
