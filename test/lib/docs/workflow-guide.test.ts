import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { FAULTS } from '../../../lambda/faults.ts';
import { retriedErrors } from '../../../lib/workflow/workflow-errors.ts';
import { aslErrors, evaluate } from '../../support/asl.ts';
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

  describe('the one that walks through all pages', () => {
    let walk: string;
    beforeAll(() => {
      walk = definitionWith('MorePages');
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
  });
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

describe('the one in JSONata', () => {
  const definition = definitionWith('MorePages', 'JSONata');
  const jsonPath = definitionWith('MorePages');
  type Retriers = { readonly Retry: unknown };
  type Machine = {
    readonly States: {
      readonly AllAccounts: Retriers & {
        readonly Branches: readonly [{ readonly States: { readonly GetPage: Retriers } }];
      };
    };
  };

  const retriers = (text: string) => {
    const { AllAccounts } = (JSON.parse(text) as Machine).States;
    return [AllAccounts.Retry, AllAccounts.Branches[0].States.GetPage.Retry];
  };

  test('retries what the one in JSONPath does', () => {
    expect(retriers(definition)).toEqual(retriers(jsonPath));
  });

  test('takes the envelope out of a cause', async () => {
    const envelope = { code: '502-901', developerMessage: 'eGain refuses the credentials.' };
    const Cause = JSON.stringify({ errorMessage: JSON.stringify(envelope), trace: [] });
    const expression = '$parse($parse($states.errorOutput.Cause).errorMessage)';

    expect(definition).toContain(`"{% ${expression} %}"`);
    expect(await evaluate(expression, { states: { errorOutput: { Cause } } })).toEqual(envelope);
  });

  test.each<[string, object, unknown]>([
    ['$states.result.Payload.cursor', { cursor: null }, null],
    ['$states.result.Payload.account', { account: [{ id: 'a1' }] }, [{ id: 'a1' }]],
    ['$states.result.Payload.account', { account: [] }, []],
  ])('reads %s of the page %j', async (expression, Payload, value) => {
    expect(definition).toContain(`"{% ${expression} %}"`);
    expect(await evaluate(expression, { states: { result: { Payload } } })).toEqual(value);
  });

  test.each([
    [null, true],
    ['cursor-1', false],
  ])('ends at the cursor %j: %s', async (cursor, ends) => {
    expect(definition).toContain('"{% $cursor = null %}"');
    expect(await evaluate('$cursor = null', { cursor })).toBe(ends);
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
