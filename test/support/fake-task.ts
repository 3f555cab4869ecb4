import type { InvokeResult } from '../../sandbox/aws/container.ts';
import {
  type Execution,
  type RunOptions,
  runStateMachine,
} from '../../sandbox/aws/state-machine.ts';

/** Objects by key, in the order in which they were written. */
type Objects = Map<string, unknown>;

/** One answer of TaskFunction: a page, or the error that it throws. */
export type Answer =
  | { readonly account: readonly unknown[] }
  | { readonly error: string; readonly retryAfterSeconds?: number };

interface FakeTask {
  /** What the function was sent, call by call. */
  readonly payloads: Record<string, unknown>[];
  readonly invoke: RunOptions['invoke'];
}

/** The pages of one walk. */
export const PAGES: readonly Answer[] = [
  { account: [{ id: 'a1' }, { id: 'a2' }] },
  { account: [{ id: 'a3' }, { id: 'a4' }] },
  { account: [{ id: 'a5' }] },
];

/**
 * A TaskFunction that gives these answers one after the other, whatever it is asked; the last page
 * of the list and every page before an error `SnapshotExpired` end a walk's content.
 */
function fakeTask(answers: readonly Answer[]): FakeTask {
  const payloads: Record<string, unknown>[] = [];
  let content = 1;
  let pagenum = 0;
  return {
    payloads,
    async invoke(_functionArn, payload): Promise<InvokeResult> {
      const answer = answers[payloads.length];
      payloads.push(payload as Record<string, unknown>);
      if (answer === undefined) throw new Error('asked for more than there is');
      if ('error' in answer) {
        if (answer.error === 'SnapshotExpired') [content, pagenum] = [content + 1, 0];
        return failed(answer);
      }
      pagenum += 1;
      const last = payloads.length === answers.length;
      return {
        ok: true,
        payload: {
          paginationInfo: { count: 5, pagenum, pagesize: 2 },
          account: answer.account,
          cursor: last ? null : `cursor-${pagenum}`,
          contentHash: `content-${content}`,
        },
      };
    },
  };
}

/** What Lambda says of a function that threw an error of this name. */
function failed({
  error: name,
  retryAfterSeconds,
}: Extract<Answer, { error: string }>): InvokeResult {
  const details = [{ key: 'retryAfterSeconds', value: String(retryAfterSeconds) }];
  const errorMessage = JSON.stringify({
    code: '000-000',
    developerMessage: name,
    ...(retryAfterSeconds === undefined ? {} : { details }),
  });
  return { ok: false, error: { errorType: name, errorMessage, trace: [name] } };
}

export interface FakeRun {
  readonly execution: Execution;
  readonly objects: Objects;
  readonly retries: string[];
  /** The states in the order in which they were entered, with their inputs. */
  readonly entered: readonly { readonly state: string; readonly input: unknown }[];
  readonly payloads: FakeTask['payloads'];
}

/** Runs a definition over such a task, with a bucket in memory and without waiting for retries. */
export async function runOver(
  answers: readonly Answer[],
  definition: string,
  input: unknown = {},
  options: Partial<RunOptions> = {},
): Promise<FakeRun> {
  const task = fakeTask(answers);
  const objects: Objects = new Map();
  const retries: string[] = [];
  const entered: { state: string; input: unknown }[] = [];
  const execution = await runStateMachine(definition, input, {
    invoke: task.invoke,
    putObject: (_bucket, key, text) => void objects.set(key, JSON.parse(text)),
    retryWaitMs: 0,
    waitMs: 0,
    onEnter: (state, stateInput) => entered.push({ state, input: stateInput }),
    onRetry: (_state, error) => retries.push(error),
    executionName: 'run-1',
    ...options,
  });
  return { execution, objects, retries, entered, payloads: task.payloads };
}
