import type { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import {
  FULL_STAGE,
  LEAST,
  PLAIN_STAGE,
  propertiesById,
  propertiesOf,
  propertiesOfOnly,
  SECRET_ARN,
  type Synthesised,
  synthesised,
} from '../../support/stage.ts';

const { credentials: template } = synthesised(PLAIN_STAGE);
const STATE = ['AWS::KMS::Key', 'AWS::SecretsManager::Secret', 'AWS::Cognito::UserPool'];

/** How many keys, secrets, user pools and app clients a stage has. */
const counts = ({ credentials }: Synthesised) =>
  [...STATE, 'AWS::Cognito::UserPoolClient'].map(
    (type) => Object.keys(credentials.findResources(type)).length,
  );

describe('the credentials stack', () => {
  it('makes an empty secret under its own key', () => {
    const secret = propertiesOfOnly(template, 'AWS::SecretsManager::Secret');

    expect(secret).toHaveProperty('KmsKeyId');
    expect(secret).not.toHaveProperty('SecretString');
    expect(secret).not.toHaveProperty('GenerateSecretString');
  });

  it('keeps its state when it is deleted, unless the stage is a throw-away one', () => {
    const { credentials: throwAway } = synthesised({ ...PLAIN_STAGE, removalPolicy: 'destroy' });

    for (const type of STATE) {
      template.allResources(type, {
        DeletionPolicy: 'RetainExceptOnCreate',
        UpdateReplacePolicy: 'Retain',
      });
      throwAway.allResources(type, { DeletionPolicy: 'Delete' });
    }
  });

  it('has the same logical ids as ever: another id would replace what partners hold', () => {
    const ids = [...STATE, 'AWS::Cognito::UserPoolClient'].flatMap((type) =>
      Object.keys(template.findResources(type)),
    );

    expect(ids).toEqual([
      'EgainCredentialsKeyE48E8EB2',
      'EgainCredentialsSecretF2AEDB1B',
      'PartnerIssuerUserPoolD834F8D0',
      'PartnerClientsClientacmeCFA4B3A9',
      'PartnerClientsClientsecondoneFECD0905',
    ]);
  });

  it('makes only what the stage config does not name', () => {
    const { auth, partners } = FULL_STAGE;
    expect(counts(synthesised({ ...LEAST, auth, partners }))).toEqual([1, 1, 0, 0]);
    expect(counts(synthesised({ ...LEAST, credentials: { secretArn: SECRET_ARN } }))).toEqual([
      0, 0, 1, 0,
    ]);
    expect(synthesised(FULL_STAGE).assembly.stacks.map(({ stackName }) => stackName)).toEqual([
      'egain-accounts-test',
      'egain-accounts-test-workflow',
      'egain-accounts-test-observability',
    ]);
  });
});

describe('the user pool of the partners', () => {
  it('lets nobody join, and can be rolled back when its creation fails', () => {
    expect(propertiesOfOnly(template, 'AWS::Cognito::UserPool')).toMatchObject({
      AdminCreateUserConfig: { AllowAdminCreateUserOnly: true },
      EnabledMfas: ['SOFTWARE_TOKEN_MFA'],
      AccountRecoverySetting: { RecoveryMechanisms: [{ Name: 'admin_only' }] },
      Policies: { PasswordPolicy: { MinimumLength: 16, TemporaryPasswordValidityDays: 1 } },
      DeletionProtection: 'INACTIVE',
    });
  });

  it('defines the three scopes, says what each opens, and has a domain of its own', () => {
    expect(propertiesOfOnly(template, 'AWS::Cognito::UserPoolResourceServer')).toMatchObject({
      Identifier: 'accounts',
      Scopes: ['read', 'read.address', 'read.configuration'].map((ScopeName) => ({
        ScopeName,
        ScopeDescription: expect.stringContaining(ScopeName.replace(/^read\.?/, '')),
      })),
    });
    template.hasResourceProperties('AWS::Cognito::UserPoolDomain', {
      Domain: { 'Fn::Join': ['', ['egain-accounts-test-', { Ref: 'AWS::AccountId' }]] },
    });
  });
});

describe("the partners' app clients", () => {
  it('get tokens by their secrets alone, can sign nobody in, and tell nobody that they exist', () => {
    const [acme, second] = Object.values(propertiesById(template, 'AWS::Cognito::UserPoolClient'));

    expect(acme).toMatchObject({
      ClientName: 'egain-accounts-test-acme',
      GenerateSecret: true,
      AllowedOAuthFlows: ['client_credentials'],
      AllowedOAuthFlowsUserPoolClient: true,
      AllowedOAuthScopes: ['accounts/read', 'accounts/read.address'],
      ExplicitAuthFlows: ['ALLOW_REFRESH_TOKEN_AUTH'],
      PreventUserExistenceErrors: 'ENABLED',
      AccessTokenValidity: 60,
      TokenValidityUnits: { AccessToken: 'minutes' },
    });
    expect(second).toMatchObject({ AllowedOAuthScopes: ['accounts/read'] });
    expect(JSON.stringify(template.toJSON())).not.toContain('ClientSecret');
  });

  it('are made after the resource server whose scopes they name', () => {
    const servers = Object.keys(template.findResources('AWS::Cognito::UserPoolResourceServer'));

    template.allResources('AWS::Cognito::UserPoolClient', { DependsOn: servers });
  });
});

/** A stage with so many partners, whose names have 8 characters. */
function stageOf(number: number): Synthesised {
  const names = Array.from({ length: number }, (_, index) => `p${1_000_000 + index}`);
  const entries = names.map((name) => [name, { scopes: ['accounts/read'] }]);
  const partners = Object.fromEntries(entries) as object;
  return synthesised({ ...LEAST, partners, removalPolicy: 'destroy' });
}

const directoryOf = (stack: Template) =>
  Object.entries(stack.findResources('AWS::SecretsManager::Secret')).find(([id]) =>
    id.startsWith('PartnerClientsDirectory'),
  )?.[1];

describe("the ids of the partners' app clients", () => {
  it("are in the authorizer's environment as long as they take at most 3000 bytes", () => {
    const { credentials, accounts } = stageOf(75);

    expect(directoryOf(credentials)).toBeUndefined();
    expect(JSON.stringify(accounts.toJSON())).toContain('"AUTH_COGNITO_CLIENTS"');
  });

  it('are in a secret beyond that, which the authorizer may read', () => {
    const { credentials, accounts } = stageOf(76);
    const directory = directoryOf(credentials) as {
      readonly DeletionPolicy: string;
      readonly Properties: { readonly SecretString: unknown };
    };
    const environment = JSON.stringify(accounts.toJSON());
    const policy = propertiesOf(
      accounts,
      'AWS::IAM::Policy',
      'AuthorizerFunctionRoleDefaultPolicy',
    );

    expect(JSON.stringify(directory.Properties.SecretString)).toMatch(
      /\{\\"p1000000\\":\\"",\{"Ref":"PartnerClientsClientp1000000/,
    );
    expect(directory.DeletionPolicy).toBe('Delete');
    expect(environment).toContain('AUTH_COGNITO_CLIENTS_SECRET_ARN');
    expect(environment).not.toContain('"AUTH_COGNITO_CLIENTS"');
    expect(JSON.stringify(policy)).toMatch(
      /secretsmanager:GetSecretValue.*PartnerClientsDirectory/,
    );
  });
});
