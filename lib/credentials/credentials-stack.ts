import type { Construct } from 'constructs';
import { removalPolicy, type StageProps, StageStack } from '../common/stage-stack.ts';
import type { StageConfig } from '../stage/stage-config.ts';
import { EgainCredentials } from './egain-credentials.ts';
import { PartnerClients } from './partner-clients.ts';
import { PartnerIssuer } from './partner-issuer.ts';

/**
 * What must outlive a redeploy: the secret with eGain's credentials and its key, and the user pool
 * that issues the partners' tokens. A stage whose secret and issuer both exist already has no such
 * stack.
 */
export class CredentialsStack extends StageStack {
  readonly egain: EgainCredentials;
  /** Undefined where the stage config names an issuer. */
  readonly issuer: PartnerIssuer | undefined;
  /** Undefined where `issuer` is. */
  readonly partnerClients: PartnerClients | undefined;

  constructor(scope: Construct, id: string, props: StageProps) {
    const { config } = props;
    super(scope, id, props, {
      description: "eGain accounts: eGain's credentials and the partners' issuer",
      terminationProtection: config.removalPolicy === 'retain',
    });
    this.egain = new EgainCredentials(this, 'EgainCredentials', {
      ...config.credentials,
      removalPolicy: removalPolicy(config),
    });
    if (config.auth.issuer !== undefined) return;
    this.issuer = new PartnerIssuer(this, 'PartnerIssuer', props);
    this.partnerClients = new PartnerClients(this, 'PartnerClients', {
      ...props,
      issuer: this.issuer,
    });
  }

  /** Whether the stage has anything that this stack would hold. */
  static isNeeded({ auth, credentials }: StageConfig): boolean {
    return auth.issuer === undefined || credentials.secretArn === undefined;
  }
}
