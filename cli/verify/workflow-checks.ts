import { InvokeCommand } from '@aws-sdk/client-lambda';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { DescribeExecutionCommand, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { Clock } from '../../lambda/platform/deadline.ts';
import { type Aws, adviceFor, errorName } from '../aws/clients.ts';
import { type Checked, type Finding, failed, ok } from '../findings.ts';
import { adviceForCode, faultCode, jsonOf, member } from './http.ts';

/**
 * Whether TaskFunction answers a workflow.
 *
 * @returns the number of accounts
 */
export async function checkTask(
  aws: Aws,
  functionArn: string,
  secretArn: string | undefined,
): Promise<Checked<number>> {
  const began = performance.now();
  const { FunctionError, Payload } = await aws.lambda.send(
    new InvokeCommand({ FunctionName: functionArn, Payload: '{"pagesize":1,"fields":["id"]}' }),
  );
  const milliseconds = Math.round(performance.now() - began);
  const answer = jsonOf(Payload === undefined ? '' : Buffer.from(Payload).toString('utf8'));
  if (FunctionError !== undefined) {
    const type = member(answer, 'errorType');
    const code = faultCode(jsonOf(String(member(answer, 'errorMessage'))));
    const named = typeof type === 'string' && /^[\w.]{1,60}$/.test(type) ? type : 'an error';
    const seen = `${named}${code === undefined ? '' : ` (${code})`}`;
    return { finding: failed(seen, adviceForCode(code, secretArn)) };
  }
  const count = member(member(answer, 'paginationInfo'), 'count');
  if (typeof count === 'number') {
    return { value: count, finding: ok(`${count} accounts in all, in ${milliseconds} ms`) };
  }
  const advice = 'An older version may have answered. Deploy again.';
  return { finding: failed('its answer is not a page', advice) };
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
): Promise<Checked<never>> {
  const execution = await runToEnd(aws, stateMachineArn, clock);
  if (execution.status !== 'SUCCEEDED') {
    const error = execution.error === undefined ? '' : ` (${execution.error})`;
    const seen = `the run ended ${execution.status}${error}`;
    return { finding: failed(seen, 'docs/operations.md, ExportFailed.') };
  }
  const output = jsonOf(execution.output);
  const Bucket = String(member(member(output, 'manifest'), 'bucket'));
  const Key = String(member(member(output, 'manifest'), 'key'));
  const object = await aws.s3.send(new GetObjectCommand({ Bucket, Key }));
  const manifest = jsonOf(await object.Body?.transformToString());
  const count = member(manifest, 'count');
  const pages = member(manifest, 'pages');
  if (typeof count !== 'number' || !Array.isArray(pages) || count !== member(output, 'count')) {
    const seen = `the manifest ${Key} does not say what was exported`;
    return { finding: failed(seen, 'An older version may have run. Deploy again.') };
  }
  const onPages = pages.length === 1 ? '1 page' : `${pages.length} pages`;
  const notes = [`TaskFunction counted ${expected} before: have accounts changed?`];
  const isExpected = expected === undefined || expected === count;
  return {
    finding: ok(`${count} accounts on ${onPages}, manifest ${Key}`, isExpected ? {} : { notes }),
  };
}

interface EndedExecution {
  readonly status: string;
  readonly output: string | undefined;
  readonly error: string | undefined;
}

async function runToEnd(aws: Aws, stateMachineArn: string, clock: Clock): Promise<EndedExecution> {
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

/** Makes a finding of an error of AWS; `rights` are the actions that the caller needs. */
export function refusedBy(rights: string): (error: unknown) => Finding {
  return (error) => failed(`AWS refuses: ${errorName(error)}`, adviceFor(errorName(error), rights));
}
