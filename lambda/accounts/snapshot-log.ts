import type { InvocationTelemetry } from '../platform/telemetry.ts';
import type { SnapshotAnswer } from './snapshot-store.ts';

/**
 * Puts into the invocation's record, and counts, how the accounts were had and how old they are.
 * Every answer has its age, so what is neither a miss nor stale was a hit.
 */
export function noteSnapshot(
  { state, ageSeconds }: SnapshotAnswer,
  telemetry: InvocationTelemetry,
): void {
  telemetry.note({ snapshot: state, ageSeconds });
  telemetry.count('SnapshotAge', ageSeconds);
  if (state === 'miss') telemetry.count('CacheMisses');
  if (state === 'stale') telemetry.count('StaleAnswers');
}
