import type { Clock } from '../../../lambda/platform/deadline.ts';
import type { Throttle, UsagePlan } from './api-template.ts';

/** Why a call is turned away. */
type UsageRefusal = 'THROTTLED' | 'QUOTA_EXCEEDED' | 'INVALID_API_KEY';

export interface UsageMeter {
  /** Counts a call by this API key; tells why it may not go on. */
  refuse(apiKey: string | undefined): UsageRefusal | undefined;
}

interface Usage {
  readonly bucket: () => boolean;
  period: string;
  count: number;
}

/** Meters calls by API key as usage plans do: a token bucket, and a count per calendar period. */
export function createUsageMeter(plans: ReadonlyMap<string, UsagePlan>, clock: Clock): UsageMeter {
  const usages = new Map<string, Usage>();
  return {
    refuse(apiKey) {
      const plan = plans.get(apiKey ?? '');
      if (apiKey === undefined || plan === undefined) return 'INVALID_API_KEY';
      let usage = usages.get(apiKey);
      if (usage === undefined) {
        usage = { bucket: createTokenBucket(plan.throttle, clock), period: '', count: 0 };
        usages.set(apiKey, usage);
      }
      if (!usage.bucket()) return 'THROTTLED';
      if (plan.quota === undefined) return undefined;
      const period = periodOf(clock.now(), plan.quota.period);
      if (usage.period !== period) {
        usage.period = period;
        usage.count = 0;
      }
      if (usage.count >= plan.quota.limit) return 'QUOTA_EXCEEDED';
      usage.count += 1;
      return undefined;
    },
  };
}

/** A token bucket: `true` when there was a token to take. Without a throttle there always is. */
export function createTokenBucket(throttle: Throttle | undefined, clock: Clock): () => boolean {
  if (throttle === undefined) return () => true;
  let tokens = throttle.burst;
  let filledAt = clock.now();
  return () => {
    const now = clock.now();
    tokens = Math.min(throttle.burst, tokens + ((now - filledAt) / 1000) * throttle.rate);
    filledAt = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}

/** Names the calendar period (UTC) that `now` is in; weeks begin on Monday. */
function periodOf(now: number, period: 'DAY' | 'WEEK' | 'MONTH'): string {
  const days = Math.floor(now / 86_400_000);
  if (period === 'DAY') return `day ${days}`;
  // Day 0 of the epoch was a Thursday.
  if (period === 'WEEK') return `week ${Math.floor((days + 3) / 7)}`;
  return `month ${new Date(now).toISOString().slice(0, 7)}`;
}
