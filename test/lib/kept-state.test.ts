import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { appOf, LEAST } from '../support/stage.ts';

const app = appOf(LEAST);

describe('where what a stage holds is to be kept', () => {
  it.each([
    ['logs of the functions and the API', app.accounts, 'AWS::Logs::LogGroup'],
    ['logs of the export', app.workflow, 'AWS::Logs::LogGroup'],
    ["the alarms' key", app.observability, 'AWS::KMS::Key'],
  ])('%s outlive their stack, but not a first deploy that fails', (_, stack, type) => {
    const found = Object.values(Template.fromStack(stack).findResources(type));

    expect(found.length).toBeGreaterThan(0);
    for (const { DeletionPolicy } of found) expect(DeletionPolicy).toBe('RetainExceptOnCreate');
  });
});

it('a stage in GovCloud has the token URL that answers there', () => {
  const { accounts } = appOf({ ...LEAST, aws: { region: 'us-gov-west-1' } });
  const [output] = Object.values(Template.fromStack(accounts).findOutputs('TokenUrl'));

  expect(JSON.stringify(output)).toContain('.auth-fips.');
});
