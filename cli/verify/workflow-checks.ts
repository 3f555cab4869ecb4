import { InvokeCommand } from '@aws-sdk/client-lambda';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { DescribeExecutionCommand, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { Clock } from '../../lambda/platform/deadline.ts';
import { type Aws, adviceFor, errorName } from '../aws/clients.ts';
import type { CheckFinding } from '../findings.ts';
import { adviceForCode } from './advice.ts';
import { member } from './http.ts';

/** Whether TaskFunction answers a workflow, and how many accounts there are in all. */
export async function checkTask(
  aws: Aws,
  functionArn: string,
  secretArn: string | undefined,
): Promise<{ readonly finding: CheckFinding; readonly count?: number }> {
  const name = 'TaskFunction';
  const began = performance.now();
  try {
    const { FunctionError, Payload } = await aws.lambda.send(
      new InvokeCommand({ FunctionName: functionArn, Payload: '{"pagesize":1,"fields":["id"]}' }),
    );
    const milliseconds = Math.round(performance.now() - began);
    const answer = json(Payload === undefined ? '' : Buffer.from(Payload).toString('utf8'));
    if (FunctionError !== undefined) return { finding: failedTask(name, answer, secretArn) };
    const count = member(member(answer, 'paginationInfo'), 'count');
    if (typeof count !== 'number') {
      const seen = 'it answers something else than a page';
      const advice = 'Does an older version answer? Deploy again.';
      return { finding: { name, state: 'failed', seen, advice } };
    }
    const seen = `${count} accounts in all, in ${milliseconds} ms`;
    return { count, finding: { name, state: 'ok', seen } };
  } catch (error) {
    return { finding: refused(name, error, 'lambda:InvokeFunction') };
  }
}

function failedTask(name: string, error: unknown, secretArn: string | undefined): CheckFinding {
  const type = member(error, 'errorType');
  const envelope = json(String(member(error, 'errorMessage')));
  const code = member(envelope, 'code');
  const shown = typeof code === 'string' && /^\d{3}-\d{1,4}$/.test(code) ? code : undefined;
  const named = typeof type === 'string' && /^[\w.]{1,60}$/.test(type) ? type : 'an error';
  const seen = `${named}${shown === undefined ? '' : ` (${shown})`}`;
  return { name, state: 'failed', seen, advice: adviceForCode(shown, secretArn) };
}

/** The export may take as long as a state machine with all its retries. */
const EXPORT_MS = 30 * 60_000;
const POLL_MS = 2000;

/** Runs ExportAccounts to its end, and looks whether its manifest lists what was exported. */
export async function checkExport(
  aws: Aws,
  stateMachineArn: string,
  expected: number | undefined,
  clock: Clock,
): Promise<CheckFinding> {
  const name = 'export';
  try {
    const execution = await runToEnd(aws, stateMachineArn, clock);
    if (execution.status !== 'SUCCEEDED') {
      const error = execution.error === undefined ? '' : ` (${execution.error})`;
      return {
        name,
        state: 'failed',
        seen: `the run ended ${execution.status}${error}`,
        advice: 'docs/operations.md, ExportFailed.',
      };
    }
    const output = json(execution.output);
    const bucket = String(member(member(output, 'manifest'), 'bucket'));
    const key = String(member(member(output, 'manifest'), 'key'));
    const object = await aws.s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    const manifest = json(await object.Body?.transformToString());
    const count = member(manifest, 'count');
    const pages = member(manifest, 'pages');
    if (typeof count !== 'number' || !Array.isArray(pages) || count !== member(output, 'count')) {
      const seen = `the manifest ${key} does not tell what was exported`;
      return { name, state: 'failed', seen, advice: 'Does an older version run? Deploy again.' };
    }
    const number = pages.length === 1 ? '1 page' : `${pages.length} pages`;
    const seen = `${count} accounts on ${number}, manifest ${key}`;
    const changed = expected !== undefined && expected !== count;
    const notes = changed
      ? [`TaskFunction counted ${expected} before: have accounts changed?`]
      : [];
    return { name, state: 'ok', seen, notes };
  } catch (error) {
    return refused(name, error, 'states:StartExecution, states:DescribeExecution and s3:GetObject');
  }
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
    if (clock.now() >= until) return { status: 'RUNNING still', output, error };
    await new Promise<void>((resolve) => {
      clock.after(POLL_MS, resolve);
    });
  }
}

function refused(name: string, error: unknown, rights: string): CheckFinding {
  const code = errorName(error);
  return { name, state: 'failed', seen: `AWS refuses: ${code}`, advice: adviceFor(code, rights) };
}

function json(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
