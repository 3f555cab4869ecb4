import { WINDOW_MS } from '../lambda/egain/call-budget.ts';
import { LONGEST_MS } from '../lambda/platform/deadline.ts';
import type { StageConfig } from '../lib/stage/stage-config.ts';

/** A walk, as the doctor measured it. */
export interface MeasuredWalk {
  /** Requests to eGain's API, those tried again included. */
  readonly requests: number;
  readonly milliseconds: number;
}

const SECOND_MS = 1000;

/** What eGain gets to see of a stage whose walk is like this, and whether its budget allows it. */
export function budgetNotes(
  { egain: { callsPerMinute }, cache }: Pick<StageConfig, 'egain' | 'cache'>,
  { requests, milliseconds }: MeasuredWalk,
): string[] {
  const { freshSeconds, refreshSeconds } = cache;
  const period = refreshSeconds ?? freshSeconds;
  const key = refreshSeconds === undefined ? 'cache.freshSeconds' : 'cache.refreshSeconds';
  const notes = [
    `all containers together send eGain ${number(requests)} every ${period} s at most (${key})`,
  ];
  // One more for the token, whose turn comes once in its life.
  const calls = requests + 1;
  if (callsPerMinute === undefined) return notes;
  const shortest = Math.ceil((WINDOW_MS * calls) / callsPerMinute / SECOND_MS);
  const budget = `egain.callsPerMinute ${callsPerMinute}`;
  if (shortest > period) {
    notes.push(
      `${budget} allows such a walk every ${shortest} s: answers will be that old, whatever ${key} says`,
    );
  }
  const walkMs = milliseconds + (Math.ceil(calls / callsPerMinute) - 1) * WINDOW_MS;
  if (walkMs <= LONGEST_MS) {
    notes.push(
      `${budget} lets a request walk by itself; cache.refreshSeconds is not needed for it`,
    );
  } else if (refreshSeconds === undefined) {
    const seconds = Math.max(60, shortest);
    notes.push(
      `${budget} makes a walk last ${Math.ceil(walkMs / SECOND_MS)} s, more than a request has: set ` +
        `cache.refreshSeconds to ${seconds} or more, so that a schedule does it`,
    );
  } else {
    notes.push(
      `${budget} makes a walk last ${Math.ceil(walkMs / SECOND_MS)} s, which the schedule has time for`,
    );
  }
  return notes;
}

function number(requests: number): string {
  return requests === 1 ? '1 request' : `${requests} requests`;
}
