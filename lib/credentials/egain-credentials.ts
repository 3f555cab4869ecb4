import { type RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { type CfnSecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { acknowledge } from '../common/acknowledge.ts';

export interface EgainCredentialsProps {
  /**
   * An existing secret.
   * @default - a new one is made, with its own key
   */
  readonly secretArn?: string | undefined;
  /**
   * The key of that secret.
   * @default - Secrets Manager's own
   */
  readonly keyArn?: string | undefined;
  /** What happens to a new secret and its key when their stack is deleted. */
  readonly removalPolicy: RemovalPolicy;
}

/**
 * The secret with eGain's credentials: the existing one that the stage config names, else a new one
 * with its own key. Somebody puts its value, `{"clientId":"…","clientSecret":"…"}`, there by hand;
 * it never passes through a template.
 */
export class EgainCredentials extends Construct {
  readonly secretArn: string;
  private readonly grantedArns: readonly string[];
  /** Undefined where Secrets Manager's default key protects the secret. */
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
      // With and without Secrets Manager's suffix: a name may look as if it had one.
      this.grantedArns = [secretArn, `${secretArn}-??????`];
    }
  }

  /** Lets a role read the secret, and use the key only for that. */
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
    // Without a value and a generator the secret has no version: a function that reads it too early
    // fails clearly, and no deploy ever overwrites the value.
    (secret.node.defaultChild as CfnSecret).generateSecretString = undefined;
    const reason =
      "eGain issues the client's secret in its Admin Console and has no API to renew it. Somebody " +
      'renews it by hand, and the functions use a new value within a request.';
    acknowledge(secret, {
      'AwsSolutions-SMG4': reason,
      'NIST.800.53.R5-SecretsManagerRotationEnabled': reason,
    });
    return secret;
  }
}
