import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { appOf, LEAST } from '../support/stage.ts';
import { usageKeysOf } from '../support/usage-keys.ts';

type Json = Record<string, unknown>;

const ISSUER = { issuer: 'https://issuer.example.com', audience: 'accounts' };

function authorizerEnvironmentOf(stack: Stack): Json {
  const functions = Template.fromStack(stack).findResources('AWS::Lambda::Function');
  const found = Object.entries(functions).find(([id]) => id.startsWith('AuthorizerFunction'));
  const { Environment } = (found?.[1]['Properties'] ?? {}) as { Environment?: { Variables: Json } };
  if (Environment === undefined) throw new Error('the authorizer has no environment');
  return Environment.Variables;
}

describe('partners', () => {
  it.each([
    [
      'an issuer of their own',
      { auth: ISSUER },
      (name: string) => ({ clientId: `${name}-client` }),
    ],
    ["the stack's own pool", {}, () => ({})],
  ])('are taken up to 300 with %s, over stacks of at most 500 resources', (_, auth, own) => {
    const names = Array.from({ length: 300 }, (__, index) => `partner-${index}`);
    const partners = Object.fromEntries(
      names.map((name) => [name, { scopes: ['accounts/read'], ...own(name) }]),
    );
    const app = appOf({ ...LEAST, ...auth, partners });

    const stacks = app.node.children
      .filter(Stack.isStack)
      .map((stack) => Template.fromStack(stack));
    const count = (type: string) =>
      stacks.reduce((sum, stack) => sum + Object.keys(stack.findResources(type)).length, 0);

    for (const stack of stacks) {
      const { Resources, Outputs = {} } = stack.toJSON() as { Resources: Json; Outputs?: Json };
      expect(Object.keys(Resources).length).toBeLessThanOrEqual(500);
      expect(Object.keys(Outputs).length).toBeLessThanOrEqual(200);
    }
    expect(count('AWS::ApiGateway::UsagePlanKey')).toBe(300);
    expect(new Set(stacks.flatMap(usageKeysOf)).size).toBe(300);
    expect(count('AWS::Cognito::UserPoolClient')).toBe('auth' in auth ? 0 : 300);
    expect(JSON.stringify(authorizerEnvironmentOf(app.accounts)).length).toBeLessThan(4096);
  });
});
