import { type RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { type CfnSecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { acknowledge } from '../common/acknowledge.ts';

export interface EgainCredentialsProps {
  /**
   * A secret that exists already.
   * @default - a new one is made, with a key of its own
   */
  readonly secretArn?: string | undefined;
  /**
   * The key of that secret.
   * @default - Secrets Manager's own
   */
  readonly keyArn?: string | undefined;
  /** What becomes of a secret and key that are made here when their stack goes. */
  readonly removalPolicy: RemovalPolicy;
}

/**
 * The secret with eGain's credentials: one that exists already, where the stage config names it,
 * else a new one with a key of its own. Its value, `{"clientId":"…","clientSecret":"…"}`, is put
 * there by hand and never passes through a template.
 */
export class EgainCredentials extends Construct {
  readonly secretArn: string;
  private readonly grantedArns: readonly string[];
  /** Undefined where Secrets Manager's own key protects the secret. */
  private readonly key: IKey | undefined;

  constructor(scope: Construct, id: string, props: EgainCredentialsProps) {
    super(scope, id);
    const { secretArn, keyArn, removalPolicy } = props;
    if (secretArn === undefined) {
      const key = new Key(this, 'Key', {
        description: "Protects eGain's credentials",
        enableKeyRotation: true,
        removalPolicy,
      });
      this.key = key;
      this.secretArn = this.emptySecret(key, removalPolicy).secretArn;
      this.grantedArns = [this.secretArn];
    } else {
      this.key = keyArn === undefined ? undefined : Key.fromKeyArn(this, 'Key', keyArn);
      this.secretArn = secretArn;
      // With the suffix that Secrets Manager gives, and without: a name may look as if it had one.
      this.grantedArns = [secretArn, `${secretArn}-??????`];
    }
  }

  /** Lets a role read the secret, and use the key to that end alone. */
  grantRead(role: iam.IGrantable): void {
    role.grantPrincipal.addToPrincipalPolicy(
      new iam.PolicyStatement({
        actions: ['secretsmanager:GetSecretValue'],
        resources: [...this.grantedArns],
      }),
    );
    if (this.key === undefined) return;
    const { region, urlSuffix } = Stack.of(this);
    role.grantPrincipal.addToPrincipalPolicy(
      new iam.PolicyStatement({
        actions: ['kms:Decrypt'],
        resources: [this.key.keyArn],
        conditions: {
          StringEquals: { 'kms:ViaService': `secretsmanager.${region}.${urlSuffix}` },
          ArnLike: { 'kms:EncryptionContext:SecretARN': [...this.grantedArns] },
        },
      }),
    );
  }

  private emptySecret(key: Key, removalPolicy: RemovalPolicy): Secret {
    const secret = new Secret(this, 'Secret', {
      description: 'The client id and secret that eGain issued, as JSON',
      encryptionKey: key,
      removalPolicy,
    });
    // With neither a value nor a generator the secret has no version: what reads it too early is
    // told so, and no deploy ever overwrites what was put there.
    (secret.node.defaultChild as CfnSecret).generateSecretString = undefined;
    const reason =
      "eGain issues the client's secret in its Admin Console; no API of eGain's renews it. It is " +
      'renewed by hand, and the functions take up a new value within a request.';
    acknowledge(secret, {
      'AwsSolutions-SMG4': reason,
      'NIST.800.53.R5-SecretsManagerRotationEnabled': reason,
    });
    return secret;
  }
}
