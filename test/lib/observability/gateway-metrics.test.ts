import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { expect, it } from 'vitest';
import { GatewayMetrics } from '../../../lib/observability/gateway-metrics.ts';
import { filteredDatapoints, type MetricFilterProperties } from '../../support/cloudwatch.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const stack = new Stack(new App({ outdir: temporaryFolder() }), 'Stack');
new GatewayMetrics(stack, 'GatewayMetrics', {
  stage: 'test',
  accessLogs: new LogGroup(stack, 'AccessLogs'),
});
const filters = Object.values(
  Template.fromStack(stack).findResources('AWS::Logs::MetricFilter'),
).map(({ Properties }) => Properties as MetricFilterProperties);

/** What the metrics of the access log make of one line of it. */
function countsOf(line: Readonly<Record<string, string>>): string[] {
  const points = filters.flatMap((filter) => filteredDatapoints(filter, [JSON.stringify(line)], 0));
  return points
    .map(({ name, dimensions }) => [name, ...Object.values(dimensions)].join(' of '))
    .toSorted();
}

it.each([
  ['an answer', { partner: 'acme', status: '200', gatewayError: '-' }, ['PartnerRequests of acme']],
  [
    'what a partner has already',
    { partner: 'acme', status: '304', gatewayError: '-' },
    ['PartnerRequests of acme'],
  ],
  [
    'a refusal of the function’s',
    { partner: 'acme', status: '400', gatewayError: '-' },
    ['PartnerFaults of acme', 'PartnerRequests of acme'],
  ],
  [
    'a failure of the function’s',
    { partner: 'acme', status: '502', gatewayError: '-' },
    ['PartnerFaults of acme', 'PartnerRequests of acme'],
  ],
  [
    'a function that crashed',
    { partner: 'acme', status: '500', gatewayError: 'INTEGRATION_FAILURE' },
    ['GatewayFaults', 'PartnerFaults of acme', 'PartnerRequests of acme'],
  ],
  [
    'a partner over its throttle',
    { partner: 'acme', status: '429', gatewayError: 'THROTTLED' },
    ['PartnerFaults of acme', 'PartnerRequests of acme', 'PartnerThrottles of acme'],
  ],
  [
    'a partner over its quota',
    { partner: 'acme', status: '429', gatewayError: 'QUOTA_EXCEEDED' },
    ['PartnerFaults of acme', 'PartnerRequests of acme', 'PartnerThrottles of acme'],
  ],
  ['a caller without a token', { partner: '-', status: '401', gatewayError: 'UNAUTHORIZED' }, []],
])('%s is counted as what it is', (_, line, counts) => {
  expect(countsOf(line)).toEqual(counts);
});
