import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { UserPool, UserPoolResourceServer } from 'aws-cdk-lib/aws-cognito';
import { describe, expect, it } from 'vitest';
import { PartnerClients } from '../../../lib/credentials/partner-clients.ts';
import { parseStageConfig } from '../../../lib/stage/stage-config.ts';
import { LEAST, propertiesOfOnly } from '../../support/stage.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** The app clients of partners whose names have 8 characters. */
function clientsOf(number: number): { clients: PartnerClients; template: Template } {
  const names = Array.from({ length: number }, (_, index) => `p${1_000_000 + index}`);
  const entries = names.map((name) => [name, { scopes: ['accounts/read'] }]);
  const { partners } = parseStageConfig({
    ...LEAST,
    partners: Object.fromEntries(entries) as object,
  });
  const stack = new Stack(new App({ outdir: temporaryFolder() }), 'Stack');
  const userPool = UserPool.fromUserPoolId(stack, 'UserPool', 'eu-west-1_abc');
  const clients = new PartnerClients(stack, 'PartnerClients', {
    partners,
    stage: 'test',
    userPool,
    resourceServer: new UserPoolResourceServer(stack, 'ResourceServer', {
      userPool,
      identifier: 'accounts',
    }),
    removalPolicy: RemovalPolicy.DESTROY,
  });
  return { clients, template: Template.fromStack(stack) };
}

describe('the app client of a partner', () => {
  it('gets tokens by its secret alone, and tells nobody whether it exists', () => {
    const { template } = clientsOf(1);

    expect(propertiesOfOnly(template, 'AWS::Cognito::UserPoolClient')).toMatchObject({
      AllowedOAuthFlows: ['client_credentials'],
      AllowedOAuthFlowsUserPoolClient: true,
      AllowedOAuthScopes: ['accounts/read'],
      GenerateSecret: true,
      PreventUserExistenceErrors: 'ENABLED',
    });
  });
});

describe('the ids of the clients', () => {
  it("are in the authorizer's environment as long as they take no more than 3000 bytes", () => {
    const { clients, template } = clientsOf(75);

    expect(clients.idsJson).toBeDefined();
    expect(clients.directory).toBeUndefined();
    template.resourceCountIs('AWS::SecretsManager::Secret', 0);
  });

  it('are in a secret beyond that, by name, which goes as the stage config says', () => {
    const { clients, template } = clientsOf(76);
    const { SecretString } = propertiesOfOnly(template, 'AWS::SecretsManager::Secret') as {
      SecretString: { 'Fn::Join': [string, unknown[]] };
    };

    expect(clients.idsJson).toBeUndefined();
    expect(SecretString['Fn::Join'][1].slice(0, 3)).toEqual([
      '{"p1000000":"',
      { Ref: expect.stringMatching(/^PartnerClientsClientp1000000/) },
      '","p1000001":"',
    ]);
    template.hasResource('AWS::SecretsManager::Secret', { DeletionPolicy: 'Delete' });
  });
});
