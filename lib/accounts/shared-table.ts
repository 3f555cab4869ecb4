import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { KEY_PREFIX } from '../../lambda/platform/table.ts';
import { acknowledge } from '../common/acknowledge.ts';

/**
 * The table through which all containers share one snapshot, one token and their memory of failures.
 * It is deleted with its stack: everything in it can be fetched again. Addresses are personal data
 * and the token opens eGain, so the table has its own key.
 */
export class SharedTable extends Construct {
  readonly tableName: string;
  private readonly table: Table;
  private readonly key: Key;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.key = new Key(this, 'Key', {
      description: 'Protects the accounts and the token that containers share',
      enableKeyRotation: true,
      pendingWindow: Duration.days(7),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.table = new Table(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      timeToLiveAttribute: 'expiresAt',
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: this.key,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.tableName = this.table.tableName;
    const reason =
      "It holds copies of eGain's accounts for minutes and a token for its life; a lost one is " +
      'fetched again, and an old one that was restored would only be dropped.';
    acknowledge(this.table, {
      'AwsSolutions-DDB3': reason,
      'NIST.800.53.R5-DynamoDBPITREnabled': reason,
      'NIST.800.53.R5-DynamoDBInBackupPlan': reason,
    });
  }

  /**
   * Lets a function read and write items of the product's format by their keys, and use the table's
   * key only through DynamoDB.
   */
  grantUse(role: iam.IGrantable): void {
    const { region, urlSuffix } = Stack.of(this);
    role.grantPrincipal.addToPrincipalPolicy(
      new iam.PolicyStatement({
        actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:PutItem'],
        resources: [this.table.tableArn],
        conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`${KEY_PREFIX}*`] } },
      }),
    );
    role.grantPrincipal.addToPrincipalPolicy(
      new iam.PolicyStatement({
        actions: ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey'],
        resources: [this.key.keyArn],
        conditions: { StringEquals: { 'kms:ViaService': `dynamodb.${region}.${urlSuffix}` } },
      }),
    );
  }
}
