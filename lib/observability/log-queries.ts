import { CfnQueryDefinition, type ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

/** The logs that queries read: the functions', and the gateway's access log. */
type Source = 'api' | 'task' | 'authorizer' | 'access';

type SavedQuery = readonly [sources: readonly Source[], ...commands: string[]];

/** The runbook's queries, by their names in CloudWatch Logs Insights. */
export const LOG_QUERIES: Readonly<Record<string, SavedQuery>> = {
  'What happened to one request': [
    ['api', 'access'],
    'fields @timestamp, message, partner, route, asked, atFault, status, code, egainCode, count, reason, gatewayError, milliseconds',
    'filter correlationId = "PUT THE ID HERE" or requestId = "PUT THE ID HERE"',
    'sort @timestamp asc',
  ],
  'Failures by code and partner': [
    ['api'],
    'filter message = "request" and status >= 400',
    'stats count() as failures by code, partner, bin(5m)',
    'sort failures desc',
  ],
  'Why requests failed': [
    ['api', 'task'],
    'filter message in ["fault", "unexpected error"]',
    'stats count() as times, latest(@timestamp) as last, latest(correlationId) as example by code, reason, error',
    'sort last desc',
  ],
  'What eGain answered': [
    ['api', 'task'],
    'filter message = "An upstream request failed"',
    'stats count() as times, latest(@timestamp) as last by upstream, status, networkError, errorCode',
    'sort times desc',
  ],
  'Why the accounts could not be fetched': [
    ['api', 'task'],
    'filter message = "The accounts could not be fetched"',
    'stats count() as times, latest(@timestamp) as last by code, reason',
    'sort last desc',
  ],
  'Slowest requests': [
    ['api'],
    'filter message = "request"',
    'fields @timestamp, milliseconds, upstreamCalls, tokenRequests, snapshot, partner, route, status, correlationId',
    'sort milliseconds desc',
    'limit 50',
  ],
  'How old the answers were': [
    ['api'],
    'filter message = "request" and ispresent(snapshot)',
    'stats max(ageSeconds) as oldest, count() as answers by snapshot, bin(1m)',
    'sort oldest desc',
  ],
  'Who was turned away, and why': [
    ['authorizer'],
    'filter message in ["token refused", "client denied"]',
    'stats count() as times, latest(@timestamp) as last by message, reason, partner',
    'sort times desc',
  ],
  'Why the authorizer could not decide': [
    ['authorizer'],
    'filter message = "cannot decide"',
    'stats count() as times, latest(@timestamp) as last by error, reason',
    'sort last desc',
  ],
  'What the gateway answered by itself': [
    ['access'],
    'filter gatewayError like /_|THROTTLED|UNAUTHORIZED/',
    'stats count() as times by gatewayError, status, partner, route',
    'sort times desc',
  ],
  'Crashes and time-outs of functions': [
    ['api', 'task', 'authorizer'],
    'fields @timestamp, @log, @message',
    'filter @message like /Task timed out|Runtime\\.|Sandbox\\.|"status":"(timeout|error|failure)"/',
    'sort @timestamp desc',
    'limit 50',
  ],
  'Runs of the task that failed': [
    ['task'],
    'filter message = "run" and ispresent(error)',
    'fields @timestamp, error, code, upstreamCalls, milliseconds, correlationId',
    'sort @timestamp desc',
    'limit 50',
  ],
};

/** CloudWatch Logs Insights queries, saved in a folder with the stage's name. */
export class LogQueries extends Construct {
  constructor(
    scope: Construct,
    id: string,
    stage: string,
    groups: Readonly<Record<Source, ILogGroup>>,
  ) {
    super(scope, id);
    for (const [name, [sources, ...commands]] of Object.entries(LOG_QUERIES)) {
      new CfnQueryDefinition(this, name.replaceAll(/[^A-Za-z]/g, ''), {
        name: `egain-accounts-${stage}/${name}`,
        logGroupNames: sources.map((source) => groups[source].logGroupName),
        queryString: commands.join('\n| '),
      });
    }
  }
}
