/** Plausible names for what only a deployment knows. */
export const LOCAL_REGION = 'us-east-1';
export const LOCAL_ACCOUNT = '000000000000';

/** What CloudFormation's pseudo parameters are here. */
export const PSEUDO_PARAMETERS: Readonly<Record<string, string>> = {
  'AWS::Region': LOCAL_REGION,
  'AWS::AccountId': LOCAL_ACCOUNT,
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
  'AWS::StackId': `arn:aws:cloudformation:${LOCAL_REGION}:${LOCAL_ACCOUNT}:stack/sandbox/0`,
};

/** `Ref` gives the ARN for these, the physical id for the rest. */
const REF_IS_ARN = new Set(['AWS::SecretsManager::Secret', 'AWS::StepFunctions::StateMachine']);

const tableArn = (id: string) => `dynamodb:${LOCAL_REGION}:${LOCAL_ACCOUNT}:table/${id}`;

const ARN_FORMS: Readonly<Record<string, (id: string) => string>> = {
  'AWS::Lambda::Function': (id) => `lambda:${LOCAL_REGION}:${LOCAL_ACCOUNT}:function:${id}`,
  'AWS::SecretsManager::Secret': (id) =>
    `secretsmanager:${LOCAL_REGION}:${LOCAL_ACCOUNT}:secret:${id}-local0`,
  'AWS::StepFunctions::StateMachine': (id) =>
    `states:${LOCAL_REGION}:${LOCAL_ACCOUNT}:stateMachine:${id}`,
  'AWS::S3::Bucket': (id) => `s3:::${id}`,
  'AWS::DynamoDB::Table': tableArn,
  'AWS::DynamoDB::GlobalTable': tableArn,
  'AWS::IAM::Role': (id) => `iam::${LOCAL_ACCOUNT}:role/${id}`,
  'AWS::Logs::LogGroup': (id) => `logs:${LOCAL_REGION}:${LOCAL_ACCOUNT}:log-group:${id}`,
};

/** The ARN that a resource has here. */
export function arnOf(logicalId: string, type: string): string {
  const form = ARN_FORMS[type]?.(idOf(logicalId, type));
  const service = type.split('::')[1]?.toLowerCase() ?? 'local';
  return `arn:aws:${form ?? `${service}:${LOCAL_REGION}:${LOCAL_ACCOUNT}:${logicalId}`}`;
}

/** What `Ref` of a resource gives here. */
export function refOf(logicalId: string, type: string): string {
  return REF_IS_ARN.has(type) ? arnOf(logicalId, type) : idOf(logicalId, type);
}

/** Bucket names have no capital letters. */
function idOf(logicalId: string, type: string): string {
  return type === 'AWS::S3::Bucket' ? logicalId.toLowerCase() : logicalId;
}
