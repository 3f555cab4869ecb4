import { CfnQueryDefinition, type ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

/** The logs that queries read: the functions', and the gateway's access log. */
type Source = 'api' | 'task' | 'authorizer' | 'access';

interface SavedQuery {
  /** Its name in CloudWatch Logs Insights and in the runbook. */
  readonly name: string;
  readonly sources: readonly Source[];
  /** Its commands. */
  readonly query: readonly string[];
}

/** The runbook's queries. */
export const LOG_QUERIES: readonly SavedQuery[] = [
  {
    name: 'What happened to one request',
    sources: ['api', 'access'],
    query: [
      'fields @timestamp, message, partner, route, asked, atFault, status, code, egainCode, count, reason, gatewayError, milliseconds',
      'filter correlationId = "PUT THE ID HERE" or requestId = "PUT THE ID HERE"',
      'sort @timestamp asc',
    ],
  },
  {
    name: 'Failures by code and partner',
    sources: ['api'],
    query: [
      'filter message = "request" and status >= 400',
      'stats count() as failures by code, partner, bin(5m)',
      'sort failures desc',
    ],
  },
  {
    name: 'Why requests failed',
    sources: ['api', 'task'],
    query: [
      'filter message in ["fault", "unexpected error"]',
      'stats count() as times, latest(@timestamp) as last, latest(correlationId) as example by code, reason, error',
      'sort last desc',
    ],
  },
  {
    name: 'What eGain answered',
    sources: ['api', 'task'],
    query: [
      'filter message = "An upstream request failed"',
      'stats count() as times, latest(@timestamp) as last by upstream, status, networkError, errorCode',
      'sort times desc',
    ],
  },
  {
    name: 'Why the accounts could not be fetched',
    sources: ['api', 'task'],
    query: [
      'filter message = "The accounts could not be fetched"',
      'stats count() as times, latest(@timestamp) as last by code, reason',
      'sort last desc',
    ],
  },
  {
    name: 'Slowest requests',
    sources: ['api'],
    query: [
      'filter message = "request"',
      'fields @timestamp, milliseconds, upstreamCalls, tokenRequests, snapshot, partner, route, status, correlationId',
      'sort milliseconds desc',
      'limit 50',
    ],
  },
  {
    name: 'How old the answers were',
    sources: ['api'],
    query: [
      'filter message = "request" and ispresent(snapshot)',
      'stats max(ageSeconds) as oldest, count() as answers by snapshot, bin(1m)',
      'sort oldest desc',
    ],
  },
  {
    name: 'Who was turned away, and why',
    sources: ['authorizer'],
    query: [
      'filter message in ["token refused", "client denied"]',
      'stats count() as times, latest(@timestamp) as last by message, reason, partner',
      'sort times desc',
    ],
  },
  {
    name: 'Why the authorizer could not decide',
    sources: ['authorizer'],
    query: [
      'filter message = "cannot decide"',
      'stats count() as times, latest(@timestamp) as last by error, reason',
      'sort last desc',
    ],
  },
  {
    name: 'What the gateway answered by itself',
    sources: ['access'],
    query: [
      'filter gatewayError like /_|THROTTLED|UNAUTHORIZED/',
      'stats count() as times by gatewayError, status, partner, route',
      'sort times desc',
    ],
  },
  {
    name: 'Crashes and time-outs of functions',
    sources: ['api', 'task', 'authorizer'],
    query: [
      'fields @timestamp, @log, @message',
      'filter @message like /Task timed out|Runtime\\.|Sandbox\\.|"status":"(timeout|error|failure)"/',
      'sort @timestamp desc',
      'limit 50',
    ],
  },
  {
    name: 'Runs of the task that failed',
    sources: ['task'],
    query: [
      'filter message = "run" and ispresent(error)',
      'fields @timestamp, error, code, upstreamCalls, milliseconds, correlationId',
      'sort @timestamp desc',
      'limit 50',
    ],
  },
];

/** CloudWatch Logs Insights queries, saved in a folder with the stage's name. */
export class LogQueries extends Construct {
  constructor(
    scope: Construct,
    id: string,
    stage: string,
    groups: Readonly<Record<Source, ILogGroup>>,
  ) {
    super(scope, id);
    for (const { name, sources, query } of LOG_QUERIES) {
      new CfnQueryDefinition(this, name.replaceAll(/[^A-Za-z]/g, ''), {
        name: `egain-accounts-${stage}/${name}`,
        logGroupNames: sources.map((source) => groups[source].logGroupName),
        queryString: query.join('\n| '),
      });
    }
  }
}
