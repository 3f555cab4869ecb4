import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { describe, expect, it } from 'vitest';
import { LogQueries } from '../../../lib/observability/log-queries.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

interface SavedQuery {
  readonly Name: string;
  readonly LogGroupNames: readonly string[];
  readonly QueryString: string;
}

const stack = new Stack(new App({ outdir: temporaryFolder() }), 'Stack');
const group = (name: string) => LogGroup.fromLogGroupName(stack, name, name);
new LogQueries(stack, 'LogQueries', {
  stage: 'test',
  api: group('api'),
  task: group('task'),
  authorizer: group('authorizer'),
  access: group('access'),
});
const queries = Object.values(
  Template.fromStack(stack).findResources('AWS::Logs::QueryDefinition'),
).map(({ Properties }) => Properties as SavedQuery);

describe('the saved log queries', () => {
  it('are in a folder of the stage', () => {
    const folders = new Set(queries.map(({ Name }) => Name.split('/')[0]));

    expect(folders).toEqual(new Set(['egain-accounts-test']));
  });

  it.each(queries.map((query) => [query.Name, query] as const))(
    '%s looks into a log, by commands that Logs Insights has',
    (_, { LogGroupNames, QueryString }) => {
      const commands = QueryString.split('\n| ');

      expect(LogGroupNames.length).toBeGreaterThan(0);
      expect(commands.length).toBeGreaterThan(1);
      for (const command of commands) {
        expect(command).toMatch(/^(?:fields|filter|stats|sort|limit) \S/);
      }
    },
  );

  it.each([
    ['What happened to one request', ['api', 'access']],
    ['Why requests failed', ['api', 'task']],
    ['Who was turned away, and why', ['authorizer']],
    ['What the gateway answered by itself', ['access']],
    ['Crashes and time-outs of functions', ['api', 'task', 'authorizer']],
    ['Runs of the task that failed', ['task']],
  ])('%s is asked where it is written: %j', (name, groups) => {
    const query = queries.find(({ Name }) => Name.endsWith(`/${name}`));

    expect(query?.LogGroupNames).toEqual(groups);
  });
});
