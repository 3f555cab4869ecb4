import { Duration, SecretValue, Stack } from 'aws-cdk-lib';
import { type CfnUserPoolClient, OAuthScope, UserPoolClient } from 'aws-cdk-lib/aws-cognito';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { acknowledge } from '../common/acknowledge.ts';
import { CLIENT_IDS_BYTES } from '../common/limits.ts';
import { removalPolicy, type StageProps } from '../common/stage-stack.ts';
import { partnerResourceName } from '../stage/stage-name.ts';
import type { PartnerIssuer } from './partner-issuer.ts';

/** A client id of Cognito's, and the quotes, colon and comma of its row in JSON. */
const ROW_BYTES = 26 + 6;

export interface PartnerClientsProps extends StageProps {
  readonly issuer: PartnerIssuer;
}

/**
 * The partners' app clients. They are in the user pool's stack because partners hold their ids and
 * secrets: no redeploy of the rest may replace them. Removing a partner's entry removes its client,
 * and so shuts the partner out.
 */
export class PartnerClients extends Construct {
  /**
   * Client ids by the partner's name as JSON, for the authorizer's environment. Undefined where they
   * are too many for it; they are in `directory` then.
   */
  readonly idsJson: string | undefined;
  /**
   * The ids in Secrets Manager, whose values hold 64 KB. The ids are no secret, but the functions
   * can already read this store.
   */
  readonly directory: Secret | undefined;

  constructor(scope: Construct, id: string, props: PartnerClientsProps) {
    super(scope, id);
    const { config, stage, issuer } = props;
    const { userPool } = issuer;
    const ids = Object.entries(config.partners).map(([name, { scopes }]) => {
      const client = new UserPoolClient(this, `Client-${name}`, {
        userPool,
        userPoolClientName: partnerResourceName(stage, name),
        generateSecret: true,
        accessTokenValidity: Duration.hours(1),
        preventUserExistenceErrors: true,
        oAuth: {
          flows: { clientCredentials: true },
          scopes: scopes.map((granted) => OAuthScope.custom(granted)),
        },
      });
      // Cognito refuses a client whose scopes do not exist yet, and a scope's name is no reference.
      client.node.addDependency(issuer.resourceServer);
      // It gets tokens only by its secret. Without this list Cognito would also allow sign-ins.
      (client.node.defaultChild as CfnUserPoolClient).explicitAuthFlows = [
        'ALLOW_REFRESH_TOKEN_AUTH',
      ];
      return [name, client.userPoolClientId] as const;
    });
    const json = Stack.of(this).toJsonString(Object.fromEntries(ids));
    const bytes = ids.reduce((sum, [name]) => sum + name.length + ROW_BYTES, 0);
    if (bytes <= CLIENT_IDS_BYTES) {
      this.idsJson = json;
      return;
    }
    this.directory = new Secret(this, 'Directory', {
      description: "The partners' client ids by name",
      secretStringValue: SecretValue.unsafePlainText(json),
      removalPolicy: removalPolicy(config),
    });
    const reason = 'It holds client ids, which are no secret and change only with a deploy.';
    acknowledge(this.directory, {
      'AwsSolutions-SMG4': reason,
      'NIST.800.53.R5-SecretsManagerRotationEnabled': reason,
      'NIST.800.53.R5-SecretsManagerUsingKMSKey': reason,
    });
  }
}
