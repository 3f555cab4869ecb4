import { setTimeout } from 'node:timers/promises';
import { DescribeAlarmsCommand, type MetricAlarm } from '@aws-sdk/client-cloudwatch';
import { alarmName, RELEASE_ALARMS } from '../lib/stage/stage-name.ts';
import { type Aws, explain } from './aws/clients.ts';
import { findStack } from './aws/stacks.ts';
import type { World } from './program.ts';
import type { Terminal } from './terminal.ts';
import { verifyStage } from './verify/verify.ts';

/*
 * A release that breaks the stage takes itself back: CloudFormation rolls a stack back when one of
 * its rollback triggers rings. Meanwhile the stage is called, so that the alarms have something to
 * see.
 */

/** How long CloudFormation watches a stack after its update. */
export const WATCH_MINUTES = 5;
const BETWEEN_ROUNDS_MS = 20_000;

/**
 * The alarms that may roll the release back. One that is missing would fail the deploy, and one that
 * is ringing already would roll back every release.
 */
export async function findTriggers(
  aws: Aws,
  stage: string,
  terminal: Terminal,
): Promise<readonly MetricAlarm[]> {
  const wanted = RELEASE_ALARMS.map((alarm) => alarmName(stage, alarm));
  try {
    const found = await describeAlarms(aws, wanted);
    const quiet = found.filter((alarm) => !isRinging(alarm));
    const named = new Set(namesOf(found));
    const left = {
      missing: wanted.filter((name) => !named.has(name)),
      'ringing already': namesOf(found.filter(isRinging)),
    };
    if (quiet.length > 0) {
      terminal.print(
        `- CloudFormation watches ${quiet.length} alarms until ${WATCH_MINUTES} minutes after each ` +
          'stack, and takes the release back if one rings; --no-watch goes without',
      );
    }
    for (const [why, names] of Object.entries(left)) {
      if (names.length > 0) terminal.print(`- not watched, since ${why}: ${names.join(', ')}`);
    }
    return quiet;
  } catch (error) {
    const { name, advice } = explain(error, 'cloudwatch:DescribeAlarms');
    terminal.print(`- no alarm is watched (${name}). ${advice}`);
    return [];
  }
}

/** How many rounds of calls a stage was sent, and how many it answered as it should. */
interface Rounds {
  all: number;
  good: number;
}

/** Calls the stage as verify does, again and again, until the deploy has ended. */
export async function callUntil(
  ended: Promise<unknown>,
  options: Parameters<typeof verifyStage>[0],
  world: World,
): Promise<Rounds> {
  const silent = { ...world.terminal, print: () => undefined, printError: () => undefined };
  const rounds = { all: 0, good: 0 };
  const deploy = { isRunning: true };
  const stop = () => void (deploy.isRunning = false);
  const end = ended.then(stop, stop);
  while (deploy.isRunning) {
    const failures = await verifyStage(options, { ...world, terminal: silent }).catch(() => 1);
    rounds.all += 1;
    rounds.good += failures === 0 ? 1 : 0;
    await Promise.race([end, setTimeout(BETWEEN_ROUNDS_MS, undefined, { ref: false })]);
  }
  return rounds;
}

/** Says how a watched deploy ended. */
export async function tellEnd(
  aws: Aws,
  stacks: readonly string[],
  { all, good }: Rounds,
  triggers: readonly MetricAlarm[],
  terminal: Terminal,
): Promise<void> {
  const ringing = (await describeAlarms(aws, namesOf(triggers)).catch(() => [])).filter(isRinging);
  const found = await Promise.all(stacks.map((name) => findStack(aws, name))).catch(() => []);
  const back = found.filter((stack) => stack?.StackStatus?.startsWith('UPDATE_ROLLBACK'));
  const lines = [
    ...back.map((stack) => `${stack?.StackName} was taken back: it is ${stack?.StackStatus}`),
    ...namesOf(ringing).map((name) => `${name} rings: docs/operations.md, Runbook`),
    ...(back.length + ringing.length === 0 ? ['No watched alarm rings'] : []),
    `Meanwhile the stage was called in ${all} rounds, and ${good} were answered as they should be`,
  ];
  terminal.print(`\n${lines.join('.\n')}.`);
}

async function describeAlarms(aws: Aws, AlarmNames: string[]): Promise<readonly MetricAlarm[]> {
  const { MetricAlarms = [] } = await aws.cloudWatch.send(
    new DescribeAlarmsCommand({ AlarmNames }),
  );
  return MetricAlarms;
}

const namesOf = (alarms: readonly MetricAlarm[]) => alarms.map(({ AlarmName = '' }) => AlarmName);
const isRinging = ({ StateValue }: MetricAlarm) => StateValue === 'ALARM';
