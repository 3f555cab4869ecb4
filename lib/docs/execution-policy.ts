/** Where rights hold: on what the stacks name, and on everything where a name can't be known before. */
const ON = {
  any: '*',
  api: 'arn:aws:apigateway:*::/*',
  roles: 'arn:aws:iam::*:role/egain-accounts-*',
  functions: 'arn:aws:lambda:*:*:function:egain-accounts-*',
  table: 'arn:aws:dynamodb:*:*:table/egain-accounts-*',
  buckets: 'arn:aws:s3:::egain-accounts-*',
  topics: 'arn:aws:sns:*:*:egain-accounts-*',
  parameters: 'arn:aws:ssm:*:*:parameter/egain-accounts/*',
  schedules: 'arn:aws:scheduler:*:*:schedule/default/egain-accounts-*',
  alarms: 'arn:aws:cloudwatch:*:*:alarm:egain-accounts-*',
  dashboards: 'arn:aws:cloudwatch::*:dashboard/egain-accounts-*',
} as const;

/** Actions of one service, in short: `lambda: CreateAlias DeleteAlias`. */
type Rights = readonly (readonly [on: keyof typeof ON, service: string, ...actions: string[]])[];

const GATEWAY: Rights = [['api', 'apigateway', 'DELETE', 'GET', 'PATCH', 'POST', 'PUT']];
const LOG_DELIVERY = [
  'CreateLogDelivery',
  'DeleteLogDelivery',
  'DescribeResourcePolicies',
  'GetLogDelivery',
  'ListLogDeliveries',
  'PutResourcePolicy',
  'UpdateLogDelivery',
];
const TAGS = ['ListTagsForResource', 'TagResource', 'UntagResource'];
const crud = (kind: string, read = 'Describe') =>
  ['Create', 'Delete', read, 'Update'].map((verb) => `${verb}${kind}`);

/** What CloudFormation needs to make, change and delete a resource, by its type. */
export const RIGHTS_BY_TYPE: Readonly<Record<string, Rights>> = {
  'AWS::ApiGateway::ApiKey': GATEWAY,
  'AWS::ApiGateway::Authorizer': GATEWAY,
  'AWS::ApiGateway::BasePathMapping': GATEWAY,
  'AWS::ApiGateway::Deployment': GATEWAY,
  // The trust store of mutual TLS is the deployer's own bucket.
  'AWS::ApiGateway::DomainName': [
    ...GATEWAY,
    ['api', 'apigateway', 'AddCertificateToDomain', 'RemoveCertificateFromDomain'],
    ['any', 's3', 'GetObject', 'GetObjectVersion'],
  ],
  'AWS::ApiGateway::GatewayResponse': GATEWAY,
  'AWS::ApiGateway::Method': GATEWAY,
  'AWS::ApiGateway::Resource': GATEWAY,
  'AWS::ApiGateway::RestApi': GATEWAY,
  'AWS::ApiGateway::Stage': [...GATEWAY, ['any', 'logs', ...LOG_DELIVERY]],
  'AWS::ApiGateway::UsagePlan': GATEWAY,
  'AWS::ApiGateway::UsagePlanKey': GATEWAY,
  'AWS::CloudWatch::Alarm': [
    ['alarms', 'cloudwatch', 'DeleteAlarms', 'PutMetricAlarm', ...TAGS],
    ['any', 'cloudwatch', 'DescribeAlarms'],
  ],
  'AWS::CloudWatch::Dashboard': [
    ['dashboards', 'cloudwatch', 'DeleteDashboards', 'GetDashboard', 'PutDashboard', ...TAGS],
  ],
  'AWS::Cognito::UserPool': [
    [
      'any',
      'cognito-idp',
      ...crud('UserPool'),
      'GetUserPoolMfaConfig',
      'SetUserPoolMfaConfig',
      ...TAGS,
    ],
  ],
  'AWS::Cognito::UserPoolClient': [['any', 'cognito-idp', ...crud('UserPoolClient')]],
  'AWS::Cognito::UserPoolDomain': [['any', 'cognito-idp', ...crud('UserPoolDomain')]],
  'AWS::Cognito::UserPoolResourceServer': [['any', 'cognito-idp', ...crud('ResourceServer')]],
  'AWS::DynamoDB::Table': [
    [
      'table',
      'dynamodb',
      ...crud('Table'),
      'Describe*',
      'GetResourcePolicy',
      'ListTagsOfResource',
      'TagResource',
      'UntagResource',
      'UpdateTimeToLive',
    ],
  ],
  'AWS::IAM::Policy': [['roles', 'iam', 'DeleteRolePolicy', 'GetRolePolicy', 'PutRolePolicy']],
  'AWS::IAM::Role': [
    [
      'roles',
      'iam',
      ...crud('Role', 'Get'),
      'DeleteRolePermissionsBoundary',
      'ListAttachedRolePolicies',
      'ListRolePolicies',
      'PassRole',
      'PutRolePermissionsBoundary',
      'TagRole',
      'UntagRole',
      'UpdateAssumeRolePolicy',
    ],
  ],
  // Services that use a key act with the rights of whoever makes their resource.
  'AWS::KMS::Key': [
    [
      'any',
      'kms',
      'CreateGrant',
      'CreateKey',
      'Decrypt',
      'DescribeKey',
      'EnableKeyRotation',
      'Encrypt',
      'GenerateDataKey',
      'GetKeyPolicy',
      'GetKeyRotationStatus',
      'ListResourceTags',
      'PutKeyPolicy',
      'ScheduleKeyDeletion',
      'TagResource',
      'UntagResource',
      'UpdateKeyDescription',
    ],
  ],
  'AWS::Lambda::Alias': [
    [
      'functions',
      'lambda',
      ...crud('Alias', 'Get'),
      'DeleteProvisionedConcurrencyConfig',
      'GetProvisionedConcurrencyConfig',
      'PutProvisionedConcurrencyConfig',
    ],
  ],
  // The last are for its code, which the CDK puts into its bucket, and for functions.vpc.
  'AWS::Lambda::Function': [
    [
      'functions',
      'lambda',
      'CreateFunction',
      'DeleteFunction',
      'DeleteFunctionConcurrency',
      'GetFunction*',
      'GetRuntimeManagementConfig',
      'ListTags',
      'PutFunctionConcurrency',
      'TagResource',
      'UntagResource',
      'UpdateFunctionCode',
      'UpdateFunctionConfiguration',
    ],
    ['any', 's3', 'GetObject'],
    ['any', 'ec2', 'DescribeSecurityGroups', 'DescribeSubnets', 'DescribeVpcs'],
  ],
  'AWS::Lambda::Permission': [
    ['functions', 'lambda', 'AddPermission', 'GetPolicy', 'RemovePermission'],
  ],
  'AWS::Lambda::Version': [['functions', 'lambda', 'ListVersionsByFunction', 'PublishVersion']],
  'AWS::Logs::LogGroup': [
    [
      'any',
      'logs',
      'CreateLogGroup',
      'DeleteLogGroup',
      'DescribeLogGroups',
      'PutRetentionPolicy',
      ...TAGS,
    ],
  ],
  'AWS::Logs::MetricFilter': [
    ['any', 'logs', 'DeleteMetricFilter', 'DescribeMetricFilters', 'PutMetricFilter'],
  ],
  'AWS::Logs::QueryDefinition': [
    ['any', 'logs', 'DeleteQueryDefinition', 'DescribeQueryDefinitions', 'PutQueryDefinition'],
  ],
  'AWS::S3::Bucket': [
    [
      'buckets',
      's3',
      'CreateBucket',
      'DeleteBucket',
      'Get*Configuration',
      'GetBucket*',
      'ListBucket',
      'PutBucketLogging',
      'PutBucketOwnershipControls',
      'PutBucketPublicAccessBlock',
      'PutBucketTagging',
      'PutBucketVersioning',
      'PutEncryptionConfiguration',
      'PutLifecycleConfiguration',
    ],
  ],
  'AWS::S3::BucketPolicy': [
    ['buckets', 's3', 'DeleteBucketPolicy', 'GetBucketPolicy', 'PutBucketPolicy'],
  ],
  'AWS::SNS::Subscription': [
    [
      'topics',
      'sns',
      'GetSubscriptionAttributes',
      'SetSubscriptionAttributes',
      'Subscribe',
      'Unsubscribe',
    ],
  ],
  'AWS::SNS::Topic': [
    [
      'topics',
      'sns',
      'CreateTopic',
      'DeleteTopic',
      'Get*Policy',
      'GetTopicAttributes',
      'ListSubscriptionsByTopic',
      'SetTopicAttributes',
      ...TAGS,
    ],
  ],
  'AWS::SNS::TopicPolicy': [['topics', 'sns', 'SetTopicAttributes']],
  // The stacks read the bootstrap's version, too.
  'AWS::SSM::Parameter': [
    [
      'parameters',
      'ssm',
      'AddTagsToResource',
      'DeleteParameter',
      'ListTagsForResource',
      'PutParameter',
      'RemoveTagsFromResource',
    ],
    ['any', 'ssm', 'DescribeParameters', 'GetParameters'],
  ],
  'AWS::Scheduler::Schedule': [['schedules', 'scheduler', ...crud('Schedule', 'Get')]],
  'AWS::SecretsManager::Secret': [
    ['any', 'secretsmanager', ...crud('Secret'), 'TagResource', 'UntagResource'],
  ],
  'AWS::StepFunctions::StateMachine': [
    ['any', 'states', ...crud('StateMachine'), ...TAGS],
    ['any', 'logs', ...LOG_DELIVERY],
  ],
  'AWS::WAFv2::LoggingConfiguration': [
    [
      'any',
      'wafv2',
      'DeleteLoggingConfiguration',
      'GetLoggingConfiguration',
      'PutLoggingConfiguration',
    ],
    ['any', 'logs', ...LOG_DELIVERY],
  ],
  'AWS::WAFv2::WebACL': [['any', 'wafv2', ...crud('WebACL', 'Get'), ...TAGS]],
  'AWS::WAFv2::WebACLAssociation': [
    ['any', 'wafv2', 'AssociateWebACL', 'DisassociateWebACL', 'GetWebACLForResource'],
    ['api', 'apigateway', 'SetWebACL'],
  ],
};

/** Makes `docs/execution-policy.json`: all the rights, a statement for each place where they hold. */
export function createExecutionPolicy() {
  const rights = Object.values(RIGHTS_BY_TYPE).flat();
  const places = Object.entries(ON) as [keyof typeof ON, string][];
  const Statement = places.map(([place, Resource]) => ({
    Sid: `${place[0]?.toUpperCase()}${place.slice(1)}`,
    Effect: 'Allow',
    Action: actionsOf(rights.filter(([on]) => on === place)),
    Resource,
  }));
  return { Version: '2012-10-17', Statement };
}

function actionsOf(rights: Rights): string[] {
  const all = rights.flatMap(([, service, ...actions]) =>
    actions.map((one) => `${service}:${one}`),
  );
  return [...new Set(all)].toSorted();
}
