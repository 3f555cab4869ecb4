import { Duration, type RemovalPolicy, SecretValue, Stack } from 'aws-cdk-lib';
import {
  type CfnUserPoolClient,
  type IUserPool,
  type IUserPoolResourceServer,
  OAuthScope,
  UserPoolClient,
} from 'aws-cdk-lib/aws-cognito';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { acknowledge } from '../common/acknowledge.ts';
import type { StageConfig } from '../stage/stage-config.ts';
import { partnerResourceName } from '../stage/stage-name.ts';

/** What the names and ids may take of a function's environment, which holds 4 KB. */
const ENVIRONMENT_BYTES = 3000;
/** An id of Cognito's, and the quotes, colon and comma around it and its name in JSON. */
const ROW_BYTES = 26 + 6;

export interface PartnerClientsProps {
  readonly partners: StageConfig['partners'];
  readonly stage: string;
  /** The pool that issues the partners' tokens. */
  readonly userPool: IUserPool;
  /** Defines the scopes in that pool. */
  readonly resourceServer: IUserPoolResourceServer;
  readonly removalPolicy: RemovalPolicy;
}

/**
 * The partners' app clients. They stand beside the user pool, since a client's id and secret are
 * what a partner has been given: no redeploy of the rest may make them anew. Removing a partner's
 * entry removes its client, and so shuts the partner out.
 */
export class PartnerClients extends Construct {
  /**
   * Client ids by the partner's name as JSON, for the authorizer's environment; undefined where
   * that has no room for them, and they are in `directory`.
   */
  readonly idsJson: string | undefined;
  /**
   * The ids in Secrets Manager, whose values hold 64 KB. They are no secret; it is the store that
   * the functions read from already.
   */
  readonly directory: Secret | undefined;

  constructor(scope: Construct, id: string, props: PartnerClientsProps) {
    super(scope, id);
    const { partners, stage, userPool, resourceServer, removalPolicy } = props;
    const ids = Object.entries(partners).map(([name, { scopes }]) => {
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
      client.node.addDependency(resourceServer);
      // It gets tokens by its secret alone; without a word Cognito would allow sign-ins as well.
      (client.node.defaultChild as CfnUserPoolClient).explicitAuthFlows = [
        'ALLOW_REFRESH_TOKEN_AUTH',
      ];
      return [name, client.userPoolClientId] as const;
    });
    const json = Stack.of(this).toJsonString(Object.fromEntries(ids));
    const bytes = ids.reduce((sum, [name]) => sum + name.length + ROW_BYTES, 0);
    if (bytes <= ENVIRONMENT_BYTES) {
      this.idsJson = json;
      return;
    }
    this.directory = new Secret(this, 'Directory', {
      description: "The partners' client ids by name",
      secretStringValue: SecretValue.unsafePlainText(json),
      removalPolicy,
    });
    const reason = 'It holds client ids, which are no secret and change with a deploy alone.';
    acknowledge(this.directory, {
      'AwsSolutions-SMG4': reason,
      'NIST.800.53.R5-SecretsManagerRotationEnabled': reason,
      'NIST.800.53.R5-SecretsManagerUsingKMSKey': reason,
    });
  }
}
