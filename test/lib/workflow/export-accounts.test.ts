import { describe, expect, test } from 'vitest';
import { retriedErrors } from '../../../lib/workflow/workflow-errors.ts';
import { resolveTemplate } from '../../../sandbox/aws/template.ts';
import { type Answer, PAGES, runOver } from '../../support/fake-task.ts';
import { PLAIN_STAGE, synthesised } from '../../support/stage.ts';

const template = resolveTemplate(synthesised(PLAIN_STAGE).assembly);
const [machine] = template.ofType('AWS::StepFunctions::StateMachine');
const definition = String(machine?.properties['DefinitionString']);
const asl = JSON.parse(definition) as {
  readonly TimeoutSeconds: number;
  readonly States: Readonly<Record<string, { readonly TimeoutSeconds?: number }>>;
};

const run = (answers: readonly Answer[], input?: unknown, options = {}) =>
  runOver(answers, definition, input, options);
const manifests = (objects: ReadonlyMap<string, unknown>) =>
  [...objects.keys()].filter((key) => key.endsWith('manifest.json'));

/** A bucket that refuses the first writes of keys with this text in them. */
const breakingAt = (part: string, times: number) => {
  let left = times;
  const objects = new Map<string, unknown>();
  const putObject = (_bucket: string, key: string, text: string) => {
    if (key.includes(part) && left > 0) {
      left -= 1;
      throw Object.assign(new Error('Reduce your request rate.'), { name: 'S3.S3Exception' });
    }
    objects.set(key, JSON.parse(text));
  };
  return { objects, putObject };
};

describe('an export', () => {
  test('writes every page as an array of accounts, then the manifest that lists them', async () => {
    const query = { filter: { active: true }, fields: ['id'], pagesize: 2, cursor: null };

    const { execution, objects, payloads } = await run(PAGES, query);

    expect([...objects]).toEqual([
      ['exports/run-1/content-1/1.json', [{ id: 'a1' }, { id: 'a2' }]],
      ['exports/run-1/content-1/2.json', [{ id: 'a3' }, { id: 'a4' }]],
      ['exports/run-1/content-1/3.json', [{ id: 'a5' }]],
      [
        'exports/run-1/manifest.json',
        {
          query,
          contentHash: 'content-1',
          pages: [1, 2, 3].map((page) => `exports/run-1/content-1/${page}.json`),
          count: 5,
          time: expect.stringMatching(/^\d{4}-.*Z$/),
        },
      ],
    ]);
    const bucket = template
      .ofType('AWS::S3::Bucket')
      .find(({ logicalId }) => /^ExportBucket[0-9A-F]{8}$/.test(logicalId));
    expect(execution).toEqual({
      status: 'SUCCEEDED',
      output: { manifest: { bucket: bucket?.ref, key: 'exports/run-1/manifest.json' }, count: 5 },
    });
    expect(payloads.at(-1)).toEqual({ ...query, cursor: 'cursor-2', contentHash: true });
  });

  test('holds large pages within the limit of a state', async () => {
    const large = { account: [{ id: 'a1', description: 'x'.repeat(239_000) }] };

    const { execution } = await run([large, large, large]);

    expect(execution.status).toBe('SUCCEEDED');
  });

  test('takes no cursor, and says so', async () => {
    const { execution, payloads } = await run(PAGES, { cursor: 'abc' });

    expect(execution).toMatchObject({
      status: 'FAILED',
      error: 'InvalidRequest',
      cause: 'An export is whole: its input has no cursor.',
    });
    expect(payloads).toEqual([]);
  });
});

test.each(retriedErrors())('%s that does not pass ends an export by its name', async (error) => {
  const { execution, objects, retries } = await run(Array.from({ length: 7 }, () => ({ error })));

  expect(execution).toMatchObject({ status: 'FAILED', error });
  expect(retries).toHaveLength(5);
  expect(objects.size).toBe(0);
});

describe('when an export that failed is redriven', () => {
  test.each([
    ...['UpstreamUnavailable', 'CredentialsRejected', 'InternalError'].map(
      (error) =>
        [error, 'WritePages: get page', Array.from({ length: 9 }, () => ({ error }))] as const,
    ),
    [
      'UpstreamThrottled',
      'WritePages: get page again',
      Array.from({ length: 9 }, () => ({ error: 'UpstreamThrottled' })),
    ],
  ] as const)('after %s, it goes on from the state that asks', async (_error, state, answers) => {
    const { execution, entered } = await run(answers);

    expect(execution.status).toBe('FAILED');
    expect(entered.at(-1)?.state).toBe(state);
  });

  test.each(['2.json', 'manifest.json'])(
    'after %s could not be written, it goes on from there',
    async (part) => {
      const { entered } = await run(PAGES, {}, breakingAt(part, 100));

      expect(entered.at(-1)?.state).toBe(part === '2.json' ? 'WritePage' : 'WriteManifest');
    },
  );

  test('at its manifest, it writes that and nothing else', async () => {
    const failed = breakingAt('manifest', 100);
    const { entered } = await run(PAGES, {}, failed);
    const { state: StartAt, input } = entered.at(-1) ?? {};
    const left = Object.entries(asl.States).filter(([name]) => /WriteManifest|Exported/.test(name));

    const redriven = await runOver(
      [],
      JSON.stringify({ StartAt, States: Object.fromEntries(left) }),
      input,
    );

    expect(redriven.execution).toMatchObject({ status: 'SUCCEEDED', output: { count: 5 } });
    expect([...redriven.objects]).toEqual([
      [
        'exports/run-1/manifest.json',
        expect.objectContaining({ pages: [...failed.objects.keys()] }),
      ],
    ]);
  });

  test('when the accounts have changed, it starts over, and its manifest names the new pages alone', async () => {
    const { execution, objects } = await run(
      [PAGES[0], { error: 'SnapshotExpired' }, ...PAGES].flatMap((page) => page ?? []),
    );

    expect(execution.status).toBe('SUCCEEDED');
    expect([...objects.keys()]).toContain('exports/run-1/content-1/1.json');
    expect(objects.get('exports/run-1/manifest.json')).toMatchObject({
      contentHash: 'content-2',
      pages: [1, 2, 3].map((page) => `exports/run-1/content-2/${page}.json`),
    });
  });
});

test('an export may take two hours and 1,000 pages, and each write of it a minute', () => {
  expect(definition).toContain('"NumericGreaterThanEquals":1000');
  expect(asl.TimeoutSeconds).toBe(7200);
  expect(asl.States['WriteManifest']?.TimeoutSeconds).toBe(60);
  expect(definition.match(/"ContentType":"application\/json"/g)).toHaveLength(2);
});

test('a walk that starts over waits until all containers have the same snapshot', () => {
  const [retrier] = /\{"ErrorEquals":\["SnapshotExpired"\][^}]*\}/.exec(definition) ?? [];

  expect(JSON.parse(retrier ?? '{}')).toMatchObject({
    IntervalSeconds: 5,
    BackoffRate: 3,
    MaxAttempts: 3,
    JitterStrategy: 'NONE',
  });
});

describe('when S3 fails', () => {
  test.each(['2.json', 'manifest.json'])('at %s, it writes again, and gives up', async (part) => {
    const passing = breakingAt(part, 2);
    const lasting = breakingAt(part, 100);

    const { execution } = await run(PAGES, {}, passing);
    const gaveUp = await run(PAGES, {}, lasting);

    expect(execution.status).toBe('SUCCEEDED');
    expect(passing.objects.size).toBe(4);
    expect(gaveUp.execution).toMatchObject({ status: 'FAILED', error: 'S3.S3Exception' });
    expect(manifests(lasting.objects)).toEqual([]);
  });
});
