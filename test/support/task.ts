import type { Context } from 'aws-lambda';
import type { Sort } from '../../lambda/accounts/compare.ts';
import type { FieldPath } from '../../lambda/accounts/fields.ts';
import type { Filter } from '../../lambda/accounts/query.ts';
import type { Snapshot } from '../../lambda/snapshot/content.ts';
import type { SnapshotOptions } from '../../lambda/snapshot/snapshots.ts';
import { createTaskHandler } from '../../lambda/task.ts';
import type { TaskOutput } from '../../lambda/workflow/page.ts';
import { captureOutput, type Output } from './output.ts';

/** What a test sends to the task. */
export interface TaskEvent {
  readonly filter?: Filter;
  readonly sort?: Sort;
  readonly fields?: FieldPath[];
  readonly pagesize?: number;
  readonly cursor?: string | null;
  readonly maxBytes?: number;
}

export interface TaskUnderTest {
  readonly run: (event: unknown, remainingMs?: number) => Promise<TaskOutput>;
  /** What the task writes to standard output. */
  readonly output: Output;
  /** What the store was asked, call by call. */
  readonly asked: (SnapshotOptions | undefined)[];
}

/** The task's handler over a store that gives, or throws, what `snapshot` does. */
export function taskOver(
  snapshot: (options?: SnapshotOptions) => Snapshot | Promise<Snapshot>,
): TaskUnderTest {
  const asked: (SnapshotOptions | undefined)[] = [];
  const handler = createTaskHandler(() => ({
    snapshots: {
      async get(_deadline, options) {
        asked.push(options);
        const freshness = { ageSeconds: 3, freshSeconds: 30, leftAlone: false };
        return { snapshot: await snapshot(options), state: 'miss', ...freshness };
      },
    },
  }));
  return {
    output: captureOutput(),
    asked,
    run: (event, remainingMs = 60_000) => handler(event, taskContext(remainingMs)),
  };
}

/** Lambda's context, as far as the task reads it. */
export function taskContext(remainingMs = 60_000): Context {
  return {
    awsRequestId: 'run-1',
    getRemainingTimeInMillis: () => remainingMs,
  } as Context;
}

/** The error that a run ends with. */
export async function failureOf(run: Promise<unknown>): Promise<Error> {
  try {
    await run;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('no failure');
}

/** What a failed run's message holds. */
export const envelopeOf = (error: Error) => JSON.parse(error.message) as Record<string, unknown>;
