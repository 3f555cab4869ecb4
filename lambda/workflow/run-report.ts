import type { MiddlewareObj } from '@middy/core';
import type { Context } from 'aws-lambda';
import { Fault } from '../faults.ts';
import type { Clock } from '../platform/clock.ts';
import { logFault } from '../platform/fault-log.ts';
import type { InvocationTelemetry, LogFields } from '../platform/telemetry.ts';
import { TaskError } from './task-error.ts';
import type { TaskOutput } from './task-page.ts';

interface Beginning extends Record<string, unknown> {
  /** Milliseconds since the epoch. */
  startedAt: number;
}

/**
 * The middleware around a run: one log line and the metrics, and a failure as the `TaskError` that
 * the state machine is promised. An exception that nobody foresaw is `500-901`.
 */
export function runReport(
  telemetry: InvocationTelemetry,
  clock: Clock,
): MiddlewareObj<unknown, TaskOutput, Error, Context, Beginning> {
  const report = (requestId: string, startedAt: number, outcome: LogFields) => {
    const milliseconds = clock.now() - startedAt;
    telemetry.info('run', {
      requestId,
      ...outcome,
      upstreamCalls: telemetry.total('UpstreamCalls'),
      tokenRequests: telemetry.total('TokenRequests'),
      milliseconds,
    });
    telemetry.count('Requests');
    telemetry.count('Latency', milliseconds);
    telemetry.flush();
  };

  return {
    before({ internal }) {
      internal.startedAt = clock.now();
    },
    after({ context, internal, response }) {
      const accounts = response?.account.length;
      const last = response?.cursor === null;
      const outcome = { ...response?.paginationInfo, accounts, last };
      report(context.awsRequestId, internal.startedAt, outcome);
    },
    onError(request) {
      const { context, error, internal } = request;
      const known = error instanceof Fault;
      const fault = known ? error : new Fault('internalError');
      const requestId = context.awsRequestId;
      logFault(fault, known ? undefined : error, { requestId }, telemetry);
      telemetry.count('Faults', 1, fault.code);
      if (fault.status >= 500) telemetry.count('ServerFaults');
      report(requestId, internal.startedAt, { code: fault.code, error: fault.workflowError });
      // Not thrown: Middy would hang the first error, enumerable, on the one that is thrown here.
      request.error = new TaskError(fault);
    },
  };
}
