import { describe, expect, test } from 'vitest';
import { parseTaskInput } from '../../../lambda/workflow/input.ts';
import { account, snapshotOf } from '../../support/accounts.ts';
import { envelopeOf, failureOf, taskOver } from '../../support/task.ts';

const run = (event: unknown) => taskOver(() => snapshotOf(account())).run(event);

const nested = (depth: number): unknown =>
  JSON.parse(`{"cursor":${'['.repeat(depth)}${']'.repeat(depth)}}`);

/** The rows of the refusal. */
async function rowsFor(event: unknown): Promise<readonly { key: string; value: string }[]> {
  const error = await failureOf(run(event));
  const { code, details } = envelopeOf(error);
  expect([error.name, code]).toEqual(['InvalidRequest', '400-901']);
  return details as { key: string; value: string }[];
}

describe('what a state machine sends', () => {
  test('may be empty, or hold every key of the contract', () => {
    expect(parseTaskInput({})).toEqual({ pagesize: 500, maxBytes: 200_000, contentHash: false });

    const event = {
      filter: {
        active: true,
        name: 'order',
        channel: ['c1', 'c2'],
        orchestration: ['o1'],
        entryPoint: ['e1'],
        language: 'en-US',
        onAgentUnavailability: 'off_hours',
        createdAfter: '2021-01-01T00:00:00Z',
        createdBefore: '2022-01-01T00:00:00+02:00',
        modifiedAfter: '2021-01-01T00:00:00Z',
        modifiedBefore: '2022-01-01T00:00:00Z',
        attribute: ['tier:gold'],
      },
      sort: '-modified',
      fields: ['id', 'chatConfigurations.orchestration'],
      pagesize: 1,
      cursor: null,
      maxBytes: 1000,
    };

    expect(parseTaskInput(event)).toEqual({ ...event, contentHash: false });
  });

  test.each<[string, unknown, ...[key: string, value: string][]]>([
    ['an unknown key', { pagenum: 1 }, ['pagenum', 'no such key']],
    ['an unknown filter', { filter: { colour: 'red' } }, ['filter.colour', 'no such key']],
    [
      'several faults',
      { pagesize: 501, maxBytes: 999 },
      ['pagesize', 'an integer from 1 to 500; got "501"'],
      ['maxBytes', 'an integer from 1000 to 240000; got "999"'],
    ],
    ['a number in a list', { filter: { channel: ['c1', 7] } }, ['filter.channel.1', 'an id of']],
    [
      'an unknown field',
      { fields: ['id', 'password'] },
      ['fields.1', 'the dotted path of a field'],
    ],
    [
      'a single value for a list',
      { filter: { channel: 'c1' }, fields: 'id,name' },
      ['filter.channel', 'expected a list of texts, each an id of'],
      ['fields', 'expected a list of texts, each the dotted path of a field'],
    ],
    [
      'an empty text for a list',
      { filter: { channel: '' } },
      ['filter.channel', 'a list of texts'],
    ],
    [
      'texts for other values',
      { filter: { active: 'true' }, pagesize: '10' },
      ['filter.active', 'expected true or false, without quotes; got "true"'],
      ['pagesize', 'expected an integer from 1 to 500, without quotes; got "10"'],
    ],
    [
      'names that are like others',
      { pageSize: 1, active: true, filter: { chanel: ['c1'], 'entryPoint[]': ['e'] } },
      ['filter.chanel', 'no such key; did you mean channel?'],
      ['filter.entryPoint[]', 'no such key; did you mean entryPoint?'],
      ['pageSize', 'no such key; did you mean pagesize?'],
      ['active', 'no such key; did you mean filter.active?'],
    ],
    ['no object for the filter', { filter: [] }, ['filter', 'an object of filters; got "[]"']],
    [
      'a number for the cursor',
      { cursor: 12 },
      ['cursor', 'the cursor of the page before, or null'],
    ],
    ['too much for a state', { maxBytes: 240_001 }, ['maxBytes', 'an integer']],
    ['half a character', { filter: { name: 'x\uD800' } }, ['filter.name', 'got "x\uFFFD"']],
    ['a number for a boolean', { contentHash: 7 }, ['contentHash', 'true or false; got "7"']],
    ['a text', 'accounts', ['input', 'a JSON object; got "accounts"']],
    ['null', null, ['input', 'a JSON object; got "null"']],
    ['what is nested too deep', nested(20_000), ['input', 'nested too deep']],
  ])(
    'is refused by the path of its fault, with what was expected: %s',
    async (_, event, ...faults) => {
      const rows = await rowsFor(event);

      expect(rows).toEqual(
        faults.map(([key, value]) => ({ key, value: expect.stringContaining(value) as string })),
      );
    },
  );

  test("may hold Step Functions' own keys, which mean nothing", async () => {
    const event = {
      AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: 'arn:aws:states:eu-west-1:1:execution:Parent:x',
      AWS_STEP_FUNCTIONS_OF_TOMORROW: { any: 'thing' },
      fields: ['id'],
    };

    expect((await run(event)).account).toEqual([{ id: 'a1' }]);
  });

  test.each([
    ['within the filter', { filter: { AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: 'x' } }],
    ['as a part of another name', { MY_AWS_STEP_FUNCTIONS_X: 'x' }],
  ])("may not hold what is like Step Functions' keys: %s", async (_, event) => {
    expect(await rowsFor(event)).toHaveLength(1);
  });

  test('gets smaller pages where it would leave no room for them in a state', () => {
    const channel = Array.from({ length: 100 }, (_, index) => `${index}`.padEnd(256, 'x'));
    const event = { filter: { channel }, maxBytes: 240_000 };

    const { maxBytes } = parseTaskInput(event);

    expect(maxBytes + JSON.stringify(event).length).toBeLessThan(256 * 1024);
    expect(maxBytes).toBeGreaterThan(200_000);
  });
});
