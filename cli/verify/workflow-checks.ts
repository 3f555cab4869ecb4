import { InvokeCommand } from '@aws-sdk/client-lambda';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { DescribeExecutionCommand, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { Clock } from '../../lambda/platform/deadline.ts';
import { parseJson } from '../../lambda/platform/parse.ts';
import type { Aws } from '../aws/clients.ts';
import { counted, type Finding, failed, ok } from '../findings.ts';
import { member } from '../json.ts';
import { adviceForCode, faultCode } from './api-checks.ts';

/**
 * Whether TaskFunction answers a workflow.
 *
 * @returns the number of accounts
 */
export async function checkTask(
  aws: Aws,
  functionArn: string,
  secretArn: string | undefined,
): Promise<Finding<number>> {
  const began = performance.now();
  const { FunctionError, Payload } = await aws.lambda.send(
    new InvokeCommand({ FunctionName: functionArn, Payload: '{"pagesize":1,"fields":["id"]}' }),
  );
  const milliseconds = Math.round(performance.now() - began);
  const answer = parseJson(Buffer.from(Payload ?? []).toString('utf8'));
  if (FunctionError !== undefined) {
    const type = member(answer, 'errorType');
    const code = faultCode(parseJson(String(member(answer, 'errorMessage'))));
    const named = typeof type === 'string' && /^[\w.]{1,60}$/.test(type) ? type : 'an error';
    const seen = `${named}${code === undefined ? '' : ` (${code})`}`;
    return failed(seen, adviceForCode(code, secretArn));
  }
  const count = member(answer, 'paginationInfo', 'count');
  return typeof count === 'number'
    ? ok(`${count} accounts in all, in ${milliseconds} ms`, { value: count })
    : failed('its answer is not a page', 'An older version may have answered. Deploy again.');
}

/** The state machine with all its retries may take as long. */
const EXPORT_MS = 30 * 60_000;
const POLL_MS = 2000;

/**
 * Runs ExportAccounts to its end, and checks that its manifest lists what was exported.
 *
 * @param expected the number of accounts that TaskFunction counted
 */
export async function checkExport(
  aws: Aws,
  stateMachineArn: string,
  expected: number | undefined,
  clock: Clock,
): Promise<Finding<never>> {
  const execution = await runToEnd(aws, stateMachineArn, clock);
  if (execution.status !== 'SUCCEEDED') {
    const error = execution.error === undefined ? '' : ` (${execution.error})`;
    return failed(`the run ended ${execution.status}${error}`, 'docs/operations.md, ExportFailed.');
  }
  const output = parseJson(execution.output ?? '');
  const Bucket = String(member(output, 'manifest', 'bucket'));
  const Key = String(member(output, 'manifest', 'key'));
  const object = await aws.s3.send(new GetObjectCommand({ Bucket, Key }));
  const manifest = parseJson((await object.Body?.transformToString()) ?? '');
  const count = member(manifest, 'count');
  const pages = member(manifest, 'pages');
  if (typeof count !== 'number' || !Array.isArray(pages) || count !== member(output, 'count')) {
    const seen = `the manifest ${Key} does not say what was exported`;
    return failed(seen, 'An older version may have run. Deploy again.');
  }
  const notes = [`TaskFunction counted ${expected} before: have accounts changed?`];
  const isExpected = expected === undefined || expected === count;
  const seen = `${count} accounts on ${counted(pages.length, 'page')}, manifest ${Key}`;
  return ok(seen, isExpected ? {} : { notes });
}

async function runToEnd(aws: Aws, stateMachineArn: string, clock: Clock) {
  const { executionArn } = await aws.stepFunctions.send(
    new StartExecutionCommand({ stateMachineArn, input: '{}' }),
  );
  const until = clock.now() + EXPORT_MS;
  for (;;) {
    const { status, output, error } = await aws.stepFunctions.send(
      new DescribeExecutionCommand({ executionArn }),
    );
    if (status !== 'RUNNING' && status !== undefined) return { status, output, error };
    if (clock.now() >= until) return { status: 'not at all in 30 minutes', output, error };
    await new Promise<void>((resolve) => {
      clock.after(POLL_MS, resolve);
    });
  }
}
