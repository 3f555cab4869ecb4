import { Aws, Duration } from 'aws-cdk-lib';
import * as cognito from 'aws-cdk-lib/aws-cognito';
import { Construct } from 'constructs';
import { SCOPES, type Scope } from '../../lambda/accounts/fields.ts';
import { acknowledge } from '../common/acknowledge.ts';
import { removalPolicy, type StageProps } from '../common/stage-stack.ts';

const RESOURCE_SERVER = 'accounts';

const OPENS: Readonly<Record<Scope, string>> = {
  'accounts/read': 'The routes and the summary of an account',
  'accounts/read.address': 'The address of an account',
  'accounts/read.configuration': 'Chat configuration, case management and attributes',
};

/**
 * A Cognito user pool without users. It issues tokens to the partners' app clients by the
 * client-credentials grant.
 */
export class PartnerIssuer extends Construct {
  readonly userPool: cognito.UserPool;
  /** Defines the scopes that the partners' app clients name. */
  readonly resourceServer: cognito.UserPoolResourceServer;
  /** The `iss` of its tokens. */
  readonly issuerUrl: string;
  readonly tokenUrl: string;

  constructor(scope: Construct, id: string, { config, stage }: StageProps) {
    super(scope, id);
    this.userPool = new cognito.UserPool(this, 'UserPool', {
      selfSignUpEnabled: false,
      featurePlan: cognito.FeaturePlan.ESSENTIALS,
      mfa: cognito.Mfa.REQUIRED,
      mfaSecondFactor: { otp: true, sms: false },
      accountRecovery: cognito.AccountRecovery.NONE,
      passwordPolicy: {
        minLength: 16,
        requireDigits: true,
        requireLowercase: true,
        requireUppercase: true,
        requireSymbols: true,
        tempPasswordValidity: Duration.days(1),
      },
      // CloudFormation cannot roll back the creation of a pool that is protected from deletion. The
      // stack's termination protection and the removal policy protect it instead.
      deletionProtection: false,
      removalPolicy: removalPolicy(config),
    });
    acknowledge(this.userPool, {
      'AwsSolutions-COG8':
        'The Plus plan protects the sign-in of users. This pool has none: only app clients get ' +
        'tokens, by their secrets.',
    });
    this.resourceServer = this.userPool.addResourceServer('ResourceServer', {
      identifier: RESOURCE_SERVER,
      scopes: SCOPES.map(
        (granted) =>
          new cognito.ResourceServerScope({
            scopeName: granted.slice(RESOURCE_SERVER.length + 1),
            scopeDescription: OPENS[granted],
          }),
      ),
    });
    // The prefix of a domain must be unique in a region, across all accounts.
    const domain = this.userPool.addDomain('Domain', {
      cognitoDomain: { domainPrefix: `egain-accounts-${stage}-${Aws.ACCOUNT_ID}` },
    });
    this.issuerUrl = this.userPool.userPoolProviderUrl;
    // GovCloud serves tokens only under its FIPS host name.
    const fips = config.aws.region?.startsWith('us-gov-') === true;
    this.tokenUrl = `${domain.baseUrl({ fips })}/oauth2/token`;
  }
}
