import type { Throttle, UsagePlan } from './api-template.ts';

/** Why a call is turned away; `undefined` when it may go on. */
export type UsageRefusal = 'THROTTLED' | 'QUOTA_EXCEEDED' | 'INVALID_API_KEY' | undefined;

/** Meters calls by API key as usage plans do: a token bucket, and a count per calendar period. */
export function createUsageMeter(
  plans: ReadonlyMap<string, UsagePlan>,
): (apiKey: string | undefined) => UsageRefusal {
  const usages = new Map(
    [...plans].map(([apiKey, { Throttle, Quota }]) => {
      const take = createTokenBucket(Throttle);
      return [apiKey, { take, quota: Quota, period: '', count: 0 }];
    }),
  );
  return (apiKey = '') => {
    const usage = usages.get(apiKey);
    if (usage === undefined) return 'INVALID_API_KEY';
    if (!usage.take()) return 'THROTTLED';
    if (usage.quota === undefined) return undefined;
    const period = periodOf(Date.now(), usage.quota.Period);
    if (usage.period !== period) Object.assign(usage, { period, count: 0 });
    usage.count += 1;
    return usage.count > usage.quota.Limit ? 'QUOTA_EXCEEDED' : undefined;
  };
}

/** A token bucket: `true` when there was a token to take. Without a throttle there always is. */
export function createTokenBucket(throttle: Throttle | undefined): () => boolean {
  if (throttle === undefined) return () => true;
  const { RateLimit, BurstLimit } = throttle;
  let tokens = BurstLimit;
  let filledAt = Date.now();
  return () => {
    const now = Date.now();
    tokens = Math.min(BurstLimit, tokens + ((now - filledAt) / 1000) * RateLimit);
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
