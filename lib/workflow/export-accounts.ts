import { Aws, Duration, Fn, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { CfnBucket, IBucket } from 'aws-cdk-lib/aws-s3';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { CallAwsService } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { Construct } from 'constructs';
import { acknowledge, INLINE_POLICY } from '../common/acknowledge.ts';
import { StageLogGroup } from '../common/stage-stack.ts';
import type { StageConfig } from '../stage/stage-config.ts';
import { AllAccounts } from './all-accounts.ts';
import type { ExportBucket } from './export-bucket.ts';
import { writeRetries } from './workflow-errors.ts';

export interface ExportAccountsProps {
  readonly config: StageConfig;
  readonly taskFunction: IFunction;
  /** Where the pages and the manifest are written, under `exports/`. */
  readonly exports: ExportBucket;
}

/** The state machine writes under this prefix, and may write nowhere else. */
const PREFIX = 'exports';
/** The maximum of `States.ArrayRange`; an execution's history of 25,000 events has room for it. */
const MAX_PAGES = 1000;

/**
 * The state machine that writes all accounts to S3: each page as a JSON file with an array of
 * accounts, and finally a manifest that lists the pages. A run that fails leaves no manifest, ends
 * with the fault's name and cause, and goes on from the step that failed when it is redriven.
 *
 * Input: TaskFunction's, without `cursor`. Output: `{ manifest: { bucket, key }, count }`.
 */
export class ExportAccounts extends Construct {
  readonly stateMachine: sfn.IStateMachine;

  constructor(scope: Construct, id: string, props: ExportAccountsProps) {
    super(scope, id);
    const { bucket, key } = props.exports;
    // The prefix keeps the account's log resource policy short, whose size is limited.
    const logGroupName = `/aws/vendedlogs/states/egain-accounts-${Fn.select(2, Fn.split('/', Aws.STACK_ID))}`;
    const stateMachine = new sfn.StateMachine(this, 'Resource', {
      comment: 'Writes all accounts to S3: pages first, the manifest last',
      definitionBody: sfn.DefinitionBody.fromChainable(
        definition(this, bucket, props.taskFunction),
      ),
      timeout: Duration.hours(2),
      tracingEnabled: true,
      logs: {
        destination: new StageLogGroup(this, 'Logs', props.config, logGroupName),
        level: sfn.LogLevel.ALL,
        // Accounts hold phone numbers and e-mail addresses.
        includeExecutionData: false,
      },
    });
    const stack = Stack.of(this);
    stateMachine.addToRolePolicy(
      new PolicyStatement({
        actions: ['kms:GenerateDataKey'],
        resources: [key.keyArn],
        conditions: { StringEquals: { 'kms:ViaService': `s3.${stack.region}.${stack.urlSuffix}` } },
      }),
    );
    const bucketId = stack.getLogicalId(bucket.node.defaultChild as CfnBucket);
    acknowledge(stateMachine.role, {
      [`AwsSolutions-IAM5[Resource::<${bucketId}.Arn>/${PREFIX}/*]`]:
        'The keys consist of execution, content and page, so only their prefix can be granted.',
      'AwsSolutions-IAM5[Resource::*]':
        'Log delivery and X-Ray have no resources: their actions can only be granted on *.',
      ...INLINE_POLICY,
    });
    this.stateMachine = stateMachine;
  }
}

function definition(scope: Construct, bucket: IBucket, taskFunction: IFunction): sfn.IChainable {
  // With the content's hash in the key, a walk that starts over never mixes with its earlier pages.
  const pageKey = (contentHash: string, number: string) =>
    `States.Format('${PREFIX}/{}/{}/{}.json', $$.Execution.Name, ${contentHash}, ${number})`;
  const manifestKey = `States.Format('${PREFIX}/{}/manifest.json', $$.Execution.Name)`;

  const refused = new sfn.Fail(scope, 'CursorRefused', {
    error: 'InvalidRequest',
    cause: 'An export is whole: its input has no cursor.',
  });

  const query = new sfn.Pass(scope, 'Query', { parameters: { query: sfn.JsonPath.objectAt('$') } });
  const cursorGiven = new sfn.Choice(scope, 'CursorGiven');
  const writePages = new AllAccounts(scope, 'WritePages', {
    taskFunction,
    query: sfn.JsonPath.objectAt('$.query'),
    forEachPage: putObject(
      scope,
      'WritePage',
      bucket,
      pageKey('$.contentHash', '$.paginationInfo.pagenum'),
      sfn.JsonPath.objectAt('$.account'),
    ),
    maxPages: MAX_PAGES,
    resultPath: '$.export',
  });
  const numbers = new sfn.Pass(scope, 'PageNumbers', {
    parameters: { numbers: sfn.JsonPath.arrayRange(1, sfn.JsonPath.numberAt('$.export.pages'), 1) },
    resultPath: '$.page',
  });
  const keys = new sfn.Map(scope, 'PageKeys', {
    itemsPath: '$.page.numbers',
    itemSelector: {
      key: sfn.JsonPath.stringAt(pageKey('$.export.contentHash', '$$.Map.Item.Value')),
    },
    resultPath: '$.page.keys',
  }).itemProcessor(new sfn.Pass(scope, 'PageKey', { outputPath: '$.key' }));
  const writeManifest = putObject(scope, 'WriteManifest', bucket, manifestKey, {
    query: sfn.JsonPath.objectAt('$.query'),
    contentHash: sfn.JsonPath.stringAt('$.export.contentHash'),
    pages: sfn.JsonPath.listAt('$.page.keys'),
    count: sfn.JsonPath.numberAt('$.export.count'),
    time: sfn.JsonPath.stringAt('$$.Execution.StartTime'),
  });
  const exported = new sfn.Pass(scope, 'Exported', {
    parameters: {
      manifest: { bucket: bucket.bucketName, key: sfn.JsonPath.stringAt(manifestKey) },
      count: sfn.JsonPath.numberAt('$.export.count'),
    },
  });

  const cursor = '$.query.cursor';
  return query.next(
    cursorGiven
      .when(
        sfn.Condition.and(
          sfn.Condition.isPresent(cursor),
          sfn.Condition.not(sfn.Condition.isNull(cursor)),
        ),
        refused,
      )
      .otherwise(writePages.next(numbers).next(keys).next(writeManifest).next(exported)),
  );
}

/**
 * Step Functions' own call of S3. It writes a `Body` that is JSON as its text; it would write a
 * string with its quotes.
 */
function putObject(
  scope: Construct,
  id: string,
  bucket: IBucket,
  key: string,
  body: unknown,
): CallAwsService {
  const task = new CallAwsService(scope, id, {
    service: 's3',
    action: 'putObject',
    parameters: {
      Bucket: bucket.bucketName,
      Key: sfn.JsonPath.stringAt(key),
      ContentType: 'application/json',
      Body: body,
    },
    iamAction: 's3:PutObject',
    iamResources: [bucket.arnForObjects(`${PREFIX}/*`)],
    resultPath: sfn.JsonPath.DISCARD,
    taskTimeout: sfn.Timeout.duration(Duration.seconds(60)),
  });
  for (const retry of writeRetries()) task.addRetry(retry);
  return task;
}
