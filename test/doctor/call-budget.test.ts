import { describe, expect, it } from 'vitest';
import { budgetNotes } from '../../doctor/call-budget.ts';
import { parseStageConfig } from '../../lib/stage/stage-config.ts';
import { LEAST } from '../support/stage.ts';

function notes(
  callsPerMinute: number | undefined,
  requests: number,
  cache: object = {},
  milliseconds = 700,
): string {
  const egain = { ...LEAST.egain, ...(callsPerMinute === undefined ? {} : { callsPerMinute }) };
  const config = parseStageConfig({ ...LEAST, egain, cache });
  return budgetNotes(config, { requests, milliseconds }).join('\n');
}

describe('what eGain sees of a stage', () => {
  it.each([
    [{}, 'all containers together send eGain 4 requests every 30 s at most (cache.freshSeconds)'],
    [{ refreshSeconds: 90 }, 'all containers together send eGain 4 requests every 90 s'],
  ])('follows from the walk and %j', (cache, told) => {
    expect(notes(undefined, 4, cache)).toContain(told);
    expect(notes(undefined, 4, cache)).not.toContain('callsPerMinute');
  });
});

describe('a budget of calls', () => {
  it('that is wide lets requests walk', () => {
    const told = notes(60, 4);

    expect(told).toContain('lets a request walk by itself');
    expect(told).not.toContain('will be that old');
  });

  it('that is narrow stretches the period', () => {
    // Five calls of a budget of 5: one walk in each window.
    expect(notes(5, 4)).toMatch(
      /allows such a walk every 76 s: answers will be that old, whatever cache\.freshSeconds says/,
    );
    expect(notes(5, 4)).toContain('lets a request walk by itself');
  });

  it('that a walk exceeds needs the schedule, and says what period', () => {
    expect(notes(5, 14)).toContain(
      'makes a walk last 153 s, more than a request has: set cache.refreshSeconds to 228 or more',
    );
    expect(notes(5, 14, { refreshSeconds: 300 })).toContain('which the schedule has time for');
    expect(notes(5, 14, { refreshSeconds: 300 })).not.toContain('will be that old');
  });

  it('counts how long the walk itself takes', () => {
    expect(notes(60, 4, {}, 26_000)).toContain('more than a request has');
  });
});
