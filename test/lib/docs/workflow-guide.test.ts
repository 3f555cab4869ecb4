import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { FAULTS } from '../../../lambda/faults.ts';
import { retriedErrors } from '../../../lib/workflow/workflow-retries.ts';
import { aslErrors } from '../../support/asl.ts';
import { type Answer, PAGES, runOver } from '../../support/fake-task.ts';

const guide = readFileSync(new URL('../../../docs/workflow-guide.md', import.meta.url), 'utf8');
const definitions = [...guide.matchAll(/```json\n([^]*?)```/g)]
  .map(([, text = '']) => text)
  .filter((text) => text.includes('"StartAt"'));

describe('the definitions in the workflow guide', () => {
  test('are valid in the States Language', () => {
    expect(definitions).toHaveLength(3);
    expect(definitions.flatMap(aslErrors)).toEqual([]);
  });

  describe('the one that walks through all pages', () => {
    let walk: string;
    beforeAll(() => {
      [walk = ''] = definitions;
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

test('the workflow guide names every error that a workflow can catch, and no other', () => {
  const table = guide.slice(guide.indexOf('## Errors to catch'), guide.indexOf('`Cause` is'));
  const named = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);

  const errors = Object.values(FAULTS).flatMap(({ workflowError }) => workflowError ?? []);

  expect(new Set(named)).toEqual(new Set<string>(errors));
});
