import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import {
  appOf,
  FULL_STAGE,
  LEAST,
  PLAIN_STAGE,
  propertiesOfOnly,
  SECRET_ARN,
} from '../../support/stage.ts';

function credentialsOf(stageConfig: object): Template {
  const { credentials } = appOf(stageConfig);
  if (credentials === undefined) throw new Error('the stage has no credentials stack');
  return Template.fromStack(credentials);
}

describe('the credentials stack', () => {
  const template = credentialsOf(PLAIN_STAGE);

  it('makes an empty secret under a key of its own that is renewed every year', () => {
    template.hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true });
    const secret = propertiesOfOnly(template, 'AWS::SecretsManager::Secret');

    expect(secret).toHaveProperty('KmsKeyId');
    expect(secret).not.toHaveProperty('SecretString');
    expect(secret).not.toHaveProperty('GenerateSecretString');
  });

  it('outlives its deletion, unless the stage is a throw-away one', () => {
    const throwAway = credentialsOf({ ...PLAIN_STAGE, removalPolicy: 'destroy' });

    for (const type of ['AWS::KMS::Key', 'AWS::SecretsManager::Secret', 'AWS::Cognito::UserPool']) {
      template.allResources(type, {
        DeletionPolicy: 'RetainExceptOnCreate',
        UpdateReplacePolicy: 'Retain',
      });
      throwAway.allResources(type, { DeletionPolicy: 'Delete' });
    }
  });

  it('makes a user pool whose creation can be rolled back', () => {
    template.allResourcesProperties('AWS::Cognito::UserPool', { DeletionProtection: 'INACTIVE' });
  });

  it('makes a user pool that nobody can join, with the three scopes', () => {
    template.hasResourceProperties('AWS::Cognito::UserPool', {
      AdminCreateUserConfig: { AllowAdminCreateUserOnly: true },
    });
    const { Identifier, Scopes } = propertiesOfOnly(
      template,
      'AWS::Cognito::UserPoolResourceServer',
    ) as {
      Identifier: string;
      Scopes: { ScopeName: string }[];
    };

    expect(Scopes.map(({ ScopeName }) => `${Identifier}/${ScopeName}`)).toEqual([
      'accounts/read',
      'accounts/read.address',
      'accounts/read.configuration',
    ]);
    template.hasResourceProperties('AWS::Cognito::UserPoolDomain', {
      Domain: { 'Fn::Join': ['', ['egain-accounts-test-', { Ref: 'AWS::AccountId' }]] },
    });
  });

  it('makes no user pool where the stage names an issuer', () => {
    const { auth, partners } = FULL_STAGE;

    const withIssuer = credentialsOf({ ...LEAST, auth, partners });

    withIssuer.resourceCountIs('AWS::Cognito::UserPool', 0);
    withIssuer.resourceCountIs('AWS::SecretsManager::Secret', 1);
  });

  it('makes no secret where the stage names one', () => {
    const withSecret = credentialsOf({ ...LEAST, credentials: { secretArn: SECRET_ARN } });

    withSecret.resourceCountIs('AWS::Cognito::UserPool', 1);
    withSecret.resourceCountIs('AWS::SecretsManager::Secret', 0);
    withSecret.resourceCountIs('AWS::KMS::Key', 0);
  });

  it('is left out where secret and issuer both exist already', () => {
    expect(appOf(FULL_STAGE).credentials).toBeUndefined();
  });
});

describe("the partners' app clients", () => {
  const template = credentialsOf(PLAIN_STAGE);

  it('have their scopes and a secret that stays in Cognito, and can sign nobody in', () => {
    template.resourceCountIs('AWS::Cognito::UserPoolClient', 2);
    template.hasResourceProperties('AWS::Cognito::UserPoolClient', {
      ClientName: 'egain-accounts-test-acme',
      GenerateSecret: true,
      AllowedOAuthFlows: ['client_credentials'],
      AllowedOAuthScopes: ['accounts/read', 'accounts/read.address'],
      ExplicitAuthFlows: ['ALLOW_REFRESH_TOKEN_AUTH'],
      AccessTokenValidity: 60,
      TokenValidityUnits: { AccessToken: 'minutes' },
    });
    template.hasResourceProperties('AWS::Cognito::UserPoolClient', {
      AllowedOAuthScopes: ['accounts/read'],
    });
    expect(JSON.stringify(template.toJSON())).not.toContain('ClientSecret');
  });

  it('are made after the resource server whose scopes they name', () => {
    const servers = Object.keys(template.findResources('AWS::Cognito::UserPoolResourceServer'));

    template.allResources('AWS::Cognito::UserPoolClient', { DependsOn: servers });
  });

  it('are told to the authorizer by a secret once they are too many for its environment', () => {
    const partners = Object.fromEntries(
      Array.from({ length: 90 }, (_, index) => [`partner-${index}`, { scopes: ['accounts/read'] }]),
    );
    const app = appOf({ ...LEAST, partners });
    const accounts = Template.fromStack(app.accounts);
    const environment = JSON.stringify(accounts.toJSON());
    const policies = Object.entries(accounts.findResources('AWS::IAM::Policy'));
    const [, policy] = policies.find(([id]) => id.startsWith('AuthorizerFunctionRole')) ?? [];

    expect(JSON.stringify(policy)).toMatch(
      /secretsmanager:GetSecretValue.*PartnerClientsDirectory/,
    );
    expect(environment).toContain('AUTH_COGNITO_CLIENTS_SECRET_ARN');
    expect(environment).not.toContain('"AUTH_COGNITO_CLIENTS"');
    expect(JSON.stringify(Template.fromStack(appOf(PLAIN_STAGE).accounts).toJSON())).toContain(
      '"AUTH_COGNITO_CLIENTS"',
    );
  });

  it('are not made with an issuer of the deployer’s', () => {
    const other = credentialsOf({ ...FULL_STAGE, credentials: {} });
    other.resourceCountIs('AWS::Cognito::UserPoolClient', 0);
  });
});
