import type { APIGatewayProxyEvent } from 'aws-lambda';
import type { Fault } from '../faults.ts';
import type { Clock } from '../platform/clock.ts';
import { logFault } from '../platform/fault-log.ts';
import type { InvocationTelemetry } from '../platform/telemetry.ts';
import { partnerOf } from './authorizer-context.ts';
import type { Answer } from './response.ts';

/** What became of a request. */
export interface Outcome {
  readonly event: APIGatewayProxyEvent;
  readonly answer: Answer;
  readonly correlationId: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly fault?: Fault | undefined;
  /** What was thrown, where that is not the fault itself. */
  readonly error?: unknown;
}

const CACHE_METRICS = { hit: 'CacheHits', miss: 'CacheMisses', stale: 'StaleAnswers' } as const;

/** Writes one log line and the metrics of a request, and why it failed where it did. */
export function recordInvocation(
  { event, answer, correlationId, startedAt, fault, error }: Outcome,
  telemetry: InvocationTelemetry,
  clock: Clock,
): void {
  const partner = partnerOf(event);
  const milliseconds = clock.now() - startedAt;
  const { status, freshness } = answer;

  if (fault !== undefined) logFault(fault, error, { correlationId }, telemetry);
  telemetry.info('request', {
    correlationId,
    partner,
    route: `${event.httpMethod} ${event.resource}`,
    status,
    code: fault?.code,
    snapshot: freshness?.state,
    ageSeconds: freshness?.ageSeconds,
    upstreamCalls: telemetry.total('UpstreamCalls'),
    tokenRequests: telemetry.total('TokenRequests'),
    milliseconds,
  });

  telemetry.count('Requests');
  telemetry.count('Latency', milliseconds);
  if (partner !== undefined) telemetry.count('PartnerRequests', 1, partner);
  if (fault !== undefined) telemetry.count('Faults', 1, fault.code);
  if (status >= 500) telemetry.count('ServerFaults');
  if (freshness !== undefined) {
    telemetry.count(CACHE_METRICS[freshness.state]);
    telemetry.count('SnapshotAge', freshness.ageSeconds);
  }
  telemetry.flush();
}
