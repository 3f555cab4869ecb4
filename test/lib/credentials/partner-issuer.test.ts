import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { PartnerIssuer } from '../../../lib/credentials/partner-issuer.ts';
import { propertiesOfOnly } from '../../support/stage.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

function issuerIn(region: string | undefined): { stack: Stack; issuer: PartnerIssuer } {
  const stack = new Stack(new App({ outdir: temporaryFolder() }), 'Stack');
  const removalPolicy = RemovalPolicy.RETAIN;
  return {
    stack,
    issuer: new PartnerIssuer(stack, 'Issuer', { stage: 'test', region, removalPolicy }),
  };
}

/** A value of the template as a text, with names in place of what CloudFormation fills in. */
function textOf(stack: Stack, value: string): string {
  const { 'Fn::Join': join } = stack.resolve(value) as { 'Fn::Join': [string, unknown[]] };
  return join[1].map((part) => (typeof part === 'string' ? part : 'filled-in')).join('');
}

describe('the user pool of the partners', () => {
  const { stack, issuer } = issuerIn('eu-west-1');
  const template = Template.fromStack(stack);

  it('would ask a user, if there ever was one, for a long password and a second factor', () => {
    expect(propertiesOfOnly(template, 'AWS::Cognito::UserPool')).toMatchObject({
      MfaConfiguration: 'ON',
      EnabledMfas: ['SOFTWARE_TOKEN_MFA'],
      AccountRecoverySetting: { RecoveryMechanisms: [{ Name: 'admin_only' }] },
      Policies: {
        PasswordPolicy: {
          MinimumLength: 16,
          RequireLowercase: true,
          RequireUppercase: true,
          RequireNumbers: true,
          RequireSymbols: true,
          TemporaryPasswordValidityDays: 1,
        },
      },
    });
  });

  it('says in the console what each scope opens', () => {
    const { Scopes } = propertiesOfOnly(template, 'AWS::Cognito::UserPoolResourceServer') as {
      Scopes: { ScopeDescription: string }[];
    };

    const words = Scopes.map(({ ScopeDescription }) => ScopeDescription);

    expect(words.map((text) => /summary|address|configuration/.exec(text)?.[0])).toEqual([
      'summary',
      'address',
      'configuration',
    ]);
  });

  it('has its tokens from its own domain, under its own name', () => {
    expect(textOf(stack, issuer.tokenUrl)).toMatch(
      /^https:\/\/filled-in\.auth\.filled-in\.amazoncognito\.com\/oauth2\/token$/,
    );
    expect(stack.resolve(issuer.issuerUrl)).toEqual({
      'Fn::GetAtt': [expect.stringMatching(/^IssuerUserPool/), 'ProviderURL'],
    });
  });

  it.each([
    ['us-gov-west-1', true],
    ['us-east-1', false],
    [undefined, false],
  ])('in the region %s has a token URL for FIPS: %s', (region, fips) => {
    const other = issuerIn(region);

    expect(textOf(other.stack, other.issuer.tokenUrl).includes('.auth-fips.')).toBe(fips);
  });
});
