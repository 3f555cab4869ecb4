import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { ANSWER_MS, deadlineOf, LONGEST_MS } from '../../../lambda/platform/deadline.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { appOf, FULL_STAGE } from '../../support/stage.ts';

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html */
const GATEWAY_MS = 29_000;
/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const LAMBDA_MS = 900_000;

const app = appOf(FULL_STAGE);
const accounts = Template.fromStack(app.accounts);
const workflow = Template.fromStack(app.workflow);

function functionMs(id: string): number {
  const found = Object.entries(accounts.findResources('AWS::Lambda::Function')).find(([name]) =>
    name.startsWith(id),
  );
  const { Timeout = Number.NaN } = (found?.[1]['Properties'] ?? {}) as { Timeout?: number };
  return 1000 * Timeout;
}

function integrationMs(): number[] {
  return Object.values(accounts.findResources('AWS::ApiGateway::Method')).flatMap((method) => {
    const { Integration } = method['Properties'] as {
      Integration: { Type: string; TimeoutInMillis: number };
    };
    return Integration.Type === 'MOCK' ? [] : [Integration.TimeoutInMillis];
  });
}

/** What is left for the work itself of a function's time. */
function workMs(id: string, longestMs?: number): number {
  const context = { getRemainingTimeInMillis: () => functionMs(id) };
  const deadline = deadlineOf(context, {
    clock: createManualClock(),
    ...(longestMs !== undefined && { longestMs }),
  });
  deadline.dispose();
  return deadline.remaining();
}

describe('the time-outs', () => {
  it('let a function give up before its gateway does, and that before API Gateway must', () => {
    expect(integrationMs()).toHaveLength(6);
    for (const ms of integrationMs()) {
      expect(functionMs('ApiFunction')).toBeLessThan(ms);
      expect(ms).toBeLessThan(GATEWAY_MS);
    }
    expect(functionMs('AuthorizerFunction')).toBeLessThan(Math.min(...integrationMs()));
  });

  it('leave a partner the longest deadline, and a second for the answer', () => {
    expect(functionMs('ApiFunction')).toBeGreaterThanOrEqual(LONGEST_MS + ANSWER_MS);
    expect(workMs('ApiFunction')).toBe(LONGEST_MS);
  });

  it('leave a task all of its own time, and a schedule all that Lambda gives', () => {
    const unlimited = Number.POSITIVE_INFINITY;

    expect(workMs('TaskFunction', unlimited)).toBe(functionMs('TaskFunction') - ANSWER_MS);
    expect(functionMs('TaskFunction')).toBeGreaterThanOrEqual(2 * LONGEST_MS);
    expect(functionMs('RefreshFunction')).toBe(LAMBDA_MS);
  });

  it('let a state machine wait longer than the function that it calls', () => {
    const [machine] = Object.values(workflow.findResources('AWS::StepFunctions::StateMachine'));
    const text = JSON.stringify(machine?.['Properties']);
    const seconds = [...text.matchAll(/\\"TimeoutSeconds\\":(\d+)/g)].map(([, digits]) =>
      Number(digits),
    );
    const [whole, call] = [Math.max(...seconds), seconds.filter((s) => s < 3600)];

    expect(call.length).toBeGreaterThan(0);
    expect(1000 * Math.max(...call)).toBeGreaterThan(functionMs('TaskFunction'));
    expect(whole).toBeGreaterThanOrEqual(3600);
  });
});
