import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { FAULTS } from '../../../lambda/faults.ts';
import { retriedErrors } from '../../../lib/workflow/workflow-errors.ts';
import { evaluate } from '../../../sandbox/aws/jsonata-states.ts';
import { aslErrors } from '../../support/asl.ts';
import { type Answer, PAGES, runOver } from '../../support/fake-task.ts';

const guide = readFileSync(new URL('../../../docs/workflow-guide.md', import.meta.url), 'utf8');
const definitions = [...guide.matchAll(/```json\n([^]*?)```/g)]
  .map(([, text = '']) => text)
  .filter((text) => text.includes('"StartAt"'));
/** The one definition with a state of this name, in the query language. */
const definitionWith = (state: string, language: 'JSONPath' | 'JSONata' = 'JSONPath'): string => {
  const found = definitions.filter(
    (text) =>
      text.includes(`"${state}": {`) && text.includes('"JSONata"') === (language === 'JSONata'),
  );
  if (found.length !== 1) throw new Error(`${found.length} definitions have ${state}`);
  return found.join('');
};

describe('the definitions in the workflow guide', () => {
  test('are valid in the States Language', () => {
    expect(definitions).toHaveLength(5);
    expect(definitions.flatMap(aslErrors)).toEqual([]);
  });

  describe.each(['JSONPath', 'JSONata'] as const)(
    'the one in %s that walks through all pages',
    (language) => {
      let walk: string;
      beforeAll(() => {
        walk = definitionWith('MorePages', language);
      });
      const [first, ...rest] = PAGES as [Answer, ...Answer[]];

      test('gets every page, and leaves the data around it as it was', async () => {
        const { execution, payloads } = await runOver(PAGES, walk, { order: 'o-1' });

        expect(execution).toEqual({ status: 'SUCCEEDED', output: { order: 'o-1' } });
        expect(payloads.map(({ cursor }) => cursor)).toEqual([null, 'cursor-1', 'cursor-2']);
      });

      test('starts over when the accounts change', async () => {
        const { execution, payloads } = await runOver(
          [first, { error: 'SnapshotExpired' }, ...PAGES],
          walk,
        );

        expect(execution.status).toBe('SUCCEEDED');
        expect(payloads[2]?.['cursor']).toBeNull();
      });

      test.each(retriedErrors())('tries again on %s', async (error) => {
        const { execution, retries } = await runOver([first, { error }, ...rest], walk);

        expect(execution.status).toBe('SUCCEEDED');
        expect(retries).toEqual([error]);
      });

      test.each(['CredentialsRejected', 'InternalError'])(
        'ends with %s by its name',
        async (error) => {
          const { execution } = await runOver([{ error }], walk);

          expect(execution).toMatchObject({ status: 'FAILED', error });
        },
      );
    },
  );
});

describe('the one that takes a cause apart', () => {
  const definition = definitionWith('ReadEnvelope');

  test.each(['CredentialsRejected', 'UpstreamThrottled', 'InvalidRequest'])(
    'gives the envelope of %s',
    async (error) => {
      const { execution } = await runOver([{ error }], definition);

      expect(execution).toEqual({
        status: 'SUCCEEDED',
        output: { envelope: { code: '000-000', developerMessage: error } },
      });
    },
  );

  test('catches every error whose cause is an envelope', () => {
    const errors = Object.values(FAULTS).flatMap(({ workflowError }) => workflowError ?? []);
    // Without a cursor there is none that could have expired.
    const caught = errors.filter((error) => error !== 'SnapshotExpired');

    for (const error of caught) expect(definition).toContain(`"${error}"`);
  });
});

const throttled = (retryAfterSeconds: number): Answer => ({
  error: 'UpstreamThrottled',
  retryAfterSeconds,
});

describe('the one that waits as long as eGain asks', () => {
  const definition = definitionWith('MayWait', 'JSONata');

  test('asks again', async () => {
    const { execution, entered } = await runOver([throttled(7), ...PAGES.slice(2)], definition);

    expect(execution).toMatchObject({ status: 'SUCCEEDED', output: { account: [{ id: 'a5' }] } });
    expect(entered.map(({ state }) => state)).toContain('WaitAsTold');
  });

  test.each([
    ['7', 7],
    ['9999', 3600],
  ])('waits %s seconds: %i', async (value, seconds) => {
    const [, template] = /"seconds": ("\{%.*%\}")/.exec(definition) ?? [];
    const errorMessage = JSON.stringify({ details: [{ key: 'retryAfterSeconds', value }] });
    const states = { errorOutput: { Cause: JSON.stringify({ errorMessage }) } };

    expect(await evaluate(JSON.parse(template ?? ''), { states })).toBe(seconds);
  });

  test('ends with that error after five waits', async () => {
    const { execution, payloads } = await runOver(
      Array.from({ length: 9 }, () => throttled(1)),
      definition,
    );

    expect(execution).toMatchObject({ status: 'FAILED', error: 'UpstreamThrottled' });
    expect(payloads).toHaveLength(6);
  });
});

test('the workflow guide has a row for every error that a workflow can catch', () => {
  const table = guide.slice(guide.indexOf('## Errors to catch'), guide.indexOf('`Cause` is'));
  const rows = [...table.matchAll(/^\| `(\w+)` \| (.*?) \| (.*) \| (yes|no) \|$/gm)];

  const faults = Object.values(FAULTS).filter(({ workflowError }) => workflowError !== null);
  expect(new Set(rows.map(([, ...row]) => row))).toEqual(
    new Set(
      [...Map.groupBy(faults, ({ workflowError }) => workflowError)].map(([name, group]) => [
        name,
        group.map(({ code }) => code).join(', '),
        group.map(({ developerMessage }) => developerMessage).join(' '),
        group.some(({ retry }) => retry) ? 'yes' : 'no',
      ]),
    ),
  );
});
