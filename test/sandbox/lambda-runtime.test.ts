import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createLambdaFunction,
  type LambdaFunction,
  type LogLine,
  type RuntimeOptions,
} from '../../sandbox/aws/lambda-runtime.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const started: LambdaFunction[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((one) => one.stop()));
});

/** A function whose bundle is `source`. */
function functionOf(
  source: string,
  { timeoutSeconds = 5, ...options }: RuntimeOptions & { readonly timeoutSeconds?: number } = {},
): LambdaFunction {
  const codePath = temporaryFolder();
  writeFileSync(join(codePath, 'index.mjs'), source);
  const made = createLambdaFunction(
    {
      name: 'Example',
      arn: 'arn:aws:lambda:us-east-1:000000000000:function:Example',
      codePath,
      handler: 'index.handler',
      environment: { OWN: 'yes' },
      timeoutSeconds,
      memoryMb: 128,
    },
    options,
  );
  started.push(made);
  return made;
}

describe('a container', () => {
  it('has the environment of its function and nothing of this process', async () => {
    const example = functionOf('export const handler = async () => ({ ...process.env });');

    expect(await example.invoke({})).toEqual({ ok: true, payload: { OWN: 'yes' } });
  });

  it('gets the event and a context with the time that is left', async () => {
    const example = functionOf(`export const handler = async (event, context) => ({
      event, id: context.awsRequestId, left: context.getRemainingTimeInMillis() });`);

    const result = await example.invoke({ a: ['ü'], ['__proto__']: 'own' }, 'request-1');

    const payload = result.ok ? (result.payload as { left: number }) : { left: -1 };
    expect(payload).toMatchObject({ event: { a: ['ü'] }, id: 'request-1' });
    expect(payload.left).toBeGreaterThan(0);
    expect(payload.left).toBeLessThanOrEqual(5000);
  });

  it.each([
    [1, 4],
    [3, 2],
  ])('takes one call at a time; of up to %i the last has %i of 4 calls', async (max, calls) => {
    const example = functionOf(
      `let running = 0, calls = 0, most = 0;
      export const handler = async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 50));
        running--;
        return { calls: ++calls, most };
      };`,
      { maxContainers: max },
    );

    const results = await Promise.all([1, 2, 3, 4].map(() => example.invoke({})));

    expect(results.at(-1)).toEqual({ ok: true, payload: { calls, most: 1 } });
    expect(example.containers).toBe(max);
  });

  it('is replaced when the function starts anew', async () => {
    const example = functionOf('let calls = 0; export const handler = async () => ++calls;');
    await example.invoke({});
    await example.invoke({});
    await example.recycle();

    expect(await example.invoke({})).toEqual({ ok: true, payload: 1 });
  });

  it('tells what it wrote, whole lines, before the answer is there', async () => {
    const lines: LogLine[] = [];
    const example = functionOf(
      `export const handler = async () => { console.log('one'); process.stderr.write('two\\n'); };`,
      { onLog: (line) => lines.push(line) },
    );

    expect(await example.invoke({})).toEqual({ ok: true, payload: null });
    expect(lines.map(({ text }) => text)).toEqual(['one', 'two']);
  });
});

describe('a failure', () => {
  it.each([
    [
      'a thrown error',
      `export const handler = async () => { throw new RangeError('far'); };`,
      'RangeError',
      'far',
    ],
    ['init', `throw new Error('no start');`, 'Error', 'no start'],
    ['a missing handler', 'export const other = 1;', 'TypeError', 'handler is undefined'],
    [
      'an end of the process',
      'export const handler = async () => process.exit(3);',
      'Runtime.ExitError',
      'exit status 3',
    ],
    [
      'an error that nobody catches',
      `export const handler = () => new Promise(() => setTimeout(() => { throw new Error('loose'); }));`,
      'Error',
      'loose',
    ],
    [
      'an answer over 6 MB',
      `export const handler = async () => 'x'.repeat(7e6);`,
      'Function.ResponseSizeTooLarge',
      'exceeded',
    ],
  ])('by %s is reported as Lambda reports it', async (_what, source, errorType, message) => {
    const result = await functionOf(source).invoke({});

    expect(result).toMatchObject({ ok: false, error: { errorType } });
    expect(result.ok ? '' : result.error.errorMessage).toContain(message);
  });

  it('by time-out ends the container, even one that never yields', async () => {
    const example = functionOf(
      'export const handler = async (event) => { while (event.loop); return 1; };',
      { timeoutSeconds: 0.3 },
    );

    const late = await example.invoke({ loop: true });

    expect(late).toMatchObject({ ok: false, error: { errorType: 'Sandbox.Timedout' } });
    expect(await example.invoke({})).toEqual({ ok: true, payload: 1 });
  });
});

/** Who answered each of nine calls to a function of at most three containers. */
async function answering(spread: boolean): Promise<unknown[]> {
  const source = 'const own = crypto.randomUUID(); export const handler = async () => own;';
  const example = functionOf(source, { maxContainers: 3, spread });
  const answers = [];
  for (let call = 0; call < 9; call += 1) {
    const result = await example.invoke({});
    answers.push(result.ok && result.payload);
  }
  return answers;
}

describe('of three containers', () => {
  it('each is called in turn where calls are spread', async () => {
    const answers = await answering(true);

    const first = answers.slice(0, 3);
    expect(new Set(first).size).toBe(3);
    expect(answers.slice(3)).toEqual([...first, ...first]);
  });

  it('one answers all calls otherwise', async () => {
    expect(new Set(await answering(false)).size).toBe(1);
  });
});
