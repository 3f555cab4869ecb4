import { Template } from 'aws-cdk-lib/assertions';
import type { Context } from 'aws-lambda';
import { expect, it, vi } from 'vitest';
import { Fault } from '../../lambda/faults.ts';
import { nameService } from '../../lambda/platform/log.ts';
import { createRefreshHandler } from '../../lambda/refresh.ts';
import { type AlarmProperties, emfDatapoints, goesOff } from '../support/cloudwatch.ts';
import { appOf, PLAIN_STAGE } from '../support/stage.ts';
import { written } from './watched-stage.ts';

const MINUTE = 60_000;
const context = { awsRequestId: 'r-1', getRemainingTimeInMillis: () => 900_000 } as Context;

/** The lines that RefreshFunction writes in one run. */
async function linesOfRun(renew: () => Promise<'renewed'>): Promise<string[]> {
  vi.stubEnv('METRICS_NAMESPACE', 'EgainAccounts/test');
  nameService('refresh');
  const run = createRefreshHandler({ service: () => ({ renew }) });
  const lines = await written(() => run({}, context));
  return lines.map(({ text }) => text);
}

it('a schedule that renews is fine, one that has stopped or fails sets off ScheduleStopped', async () => {
  const stage = { ...PLAIN_STAGE, cache: { refreshSeconds: 60 } };
  const alarms = Template.fromStack(appOf(stage).observability).findResources(
    'AWS::CloudWatch::Alarm',
    { Properties: { AlarmName: 'egain-accounts-test-ScheduleStopped' } },
  );
  const [alarm] = Object.values(alarms).map(({ Properties }) => Properties as AlarmProperties);
  if (alarm === undefined) throw new Error('there is no such alarm');
  const good = await linesOfRun(async () => 'renewed');
  const bad = await linesOfRun(() => Promise.reject(new Fault('egainUnavailable')));
  const everyMinute = (lines: readonly string[], from: number, to: number) =>
    Array.from({ length: to - from }, (_, minute) =>
      emfDatapoints(lines, (from + minute) * MINUTE),
    ).flat();

  expect(goesOff(alarm, everyMinute(good, 0, 20), 20 * MINUTE)).toBe(false);
  expect(goesOff(alarm, everyMinute(good, 0, 5), 15 * MINUTE)).toBe(false);
  expect(goesOff(alarm, everyMinute(good, 0, 5), 20 * MINUTE)).toBe(true);
  expect(goesOff(alarm, everyMinute(bad, 0, 20), 20 * MINUTE)).toBe(true);
});
