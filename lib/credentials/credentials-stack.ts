import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { removalPolicy } from '../common/removal-policy.ts';
import type { StageConfig } from '../stage/stage-config.ts';
import { EgainCredentials } from './egain-credentials.ts';
import { PartnerClients } from './partner-clients.ts';
import { PartnerIssuer } from './partner-issuer.ts';

export interface CredentialsStackProps extends StackProps {
  readonly config: StageConfig;
  readonly stage: string;
}

/**
 * What must outlive a redeploy: the secret with eGain's credentials and its key, and the user pool
 * that issues the partners' tokens. A stage whose secret and issuer both exist already has no such
 * stack.
 */
export class CredentialsStack extends Stack {
  readonly egain: EgainCredentials;
  /** Undefined where the stage config names an issuer. */
  readonly issuer: PartnerIssuer | undefined;
  /** As `issuer`. */
  readonly partnerClients: PartnerClients | undefined;

  constructor(scope: Construct, id: string, props: CredentialsStackProps) {
    super(scope, id, props);
    const { config, stage } = props;
    const policy = removalPolicy(config);
    this.egain = new EgainCredentials(this, 'EgainCredentials', {
      ...config.credentials,
      removalPolicy: policy,
    });
    if (config.auth.issuer !== undefined) return;
    this.issuer = new PartnerIssuer(this, 'PartnerIssuer', {
      stage,
      region: config.aws.region,
      removalPolicy: policy,
    });
    this.partnerClients = new PartnerClients(this, 'PartnerClients', {
      partners: config.partners,
      stage,
      userPool: this.issuer.userPool,
      resourceServer: this.issuer.resourceServer,
      removalPolicy: policy,
    });
  }

  /** Whether the stage has anything that this stack would hold. */
  static isNeeded({ auth, credentials }: StageConfig): boolean {
    return auth.issuer === undefined || credentials.secretArn === undefined;
  }
}
