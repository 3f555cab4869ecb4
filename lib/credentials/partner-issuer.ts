import { Aws, Duration, type RemovalPolicy } from 'aws-cdk-lib';
import * as cognito from 'aws-cdk-lib/aws-cognito';
import { Construct } from 'constructs';
import { SCOPES, type Scope } from '../../lambda/accounts/fields.ts';
import { acknowledge } from '../common/acknowledge.ts';

export interface PartnerIssuerProps {
  readonly stage: string;
  /** The region that the stage is pinned to, by which its token URL may be another. */
  readonly region: string | undefined;
  readonly removalPolicy: RemovalPolicy;
}

const RESOURCE_SERVER = 'accounts';

const OPENS: Readonly<Record<Scope, string>> = {
  'accounts/read': 'The routes and the summary of an account',
  'accounts/read.address': 'The address of an account',
  'accounts/read.configuration': 'Chat configuration, case management and attributes',
};

/**
 * A Cognito user pool without users: it issues tokens to the partners' app clients by the
 * client-credentials grant.
 */
export class PartnerIssuer extends Construct {
  readonly userPool: cognito.UserPool;
  /** Defines the scopes that the partners' app clients name. */
  readonly resourceServer: cognito.UserPoolResourceServer;
  /** The `iss` of its tokens. */
  readonly issuerUrl: string;
  readonly tokenUrl: string;

  constructor(scope: Construct, id: string, props: PartnerIssuerProps) {
    super(scope, id);
    const { stage, region, removalPolicy } = props;
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
      removalPolicy,
    });
    acknowledge(this.userPool, {
      'AwsSolutions-COG8':
        'The Plus plan protects the sign-in of users. This pool has none: app clients alone get ' +
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
    // A domain's prefix is unique in a region, across all accounts.
    const domain = this.userPool.addDomain('Domain', {
      cognitoDomain: { domainPrefix: `egain-accounts-${stage}-${Aws.ACCOUNT_ID}` },
    });
    this.issuerUrl = this.userPool.userPoolProviderUrl;
    const fips = region?.startsWith('us-gov-') === true;
    this.tokenUrl = `${domain.baseUrl({ fips })}/oauth2/token`;
  }
}
