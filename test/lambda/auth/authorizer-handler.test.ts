import type { Context } from 'aws-lambda';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Authorize } from '../../../lambda/auth/authorize.ts';
import { TokenRefused } from '../../../lambda/auth/verify-token.ts';
import { createHandler } from '../../../lambda/authorizer.ts';
import { Fault } from '../../../lambda/faults.ts';
import { METHOD_ARN } from '../../support/authorizer.ts';
import { captureOutput } from '../../support/output.ts';

afterEach(() => {
  vi.useRealTimers();
});

const request = { authorizationToken: 'Bearer secret-token', methodArn: METHOD_ARN };
const context = { awsRequestId: 'r-1', getRemainingTimeInMillis: () => 10_000 } as Context;
const statement = { Action: 'execute-api:Invoke', Effect: 'Allow', Resource: '*' } as const;
const policyDocument = { Version: '2012-10-17', Statement: [statement] };
const result = { principalId: 'acme', policyDocument };

function prepareHandler(prepare: () => Authorize) {
  return { handler: createHandler(prepare), output: captureOutput() };
}
const failing = (error: unknown) => () => async () => {
  throw error;
};

test('the decision is passed on, and the invocation is closed', async () => {
  vi.useFakeTimers();
  const { handler, output } = prepareHandler(() => async () => result);

  expect(await handler(request, context)).toBe(result);

  expect(output.texts()).toHaveLength(1);
  expect(output.records()).toEqual([
    {
      message: 'decision',
      correlationId: 'r-1',
      partner: 'acme',
      decision: 'Allow',
      milliseconds: 0,
      Latency: 0,
    },
  ]);
  expect(vi.getTimerCount()).toBe(0);
});

test('the deadline is a second before the function would be stopped', async () => {
  vi.useFakeTimers();
  const { handler } = prepareHandler(() => async (_, deadline) => {
    vi.advanceTimersByTime(9000);
    deadline.signal.throwIfAborted();
    return result;
  });
  await expect(handler(request, context)).rejects.toThrow('cannot decide');
});

test('a bad token is Unauthorized, the word by which API Gateway makes a 401', async () => {
  const { handler, output } = prepareHandler(failing(new TokenRefused('exp')));

  await expect(handler(request, context)).rejects.toThrow(/^Unauthorized$/);

  expect(output.logs()).toEqual([
    { level: 'WARN', message: 'token refused', reason: 'exp', correlationId: 'r-1' },
  ]);
  expect(output.records()).toMatchObject([{ decision: 'Unauthorized', TokensRefused: 1 }]);
});

describe('what can not be decided is a failure, logged and counted', () => {
  test.each<[unknown, object]>([
    [
      new Fault('misconfigured', { reason: 'partners.json' }),
      { error: 'Fault', reason: 'partners.json' },
    ],
    [new SyntaxError('Unexpected token in "secret-token"'), { error: 'SyntaxError' }],
    ['secret-token', { error: 'string' }],
  ])('%o', async (error, logged) => {
    const { handler, output } = prepareHandler(failing(error));

    await expect(handler(request, context)).rejects.toThrow('The authorizer cannot decide');

    expect(output.logs()).toEqual([
      { level: 'ERROR', message: 'cannot decide', ...logged, correlationId: 'r-1' },
    ]);
    expect(output.records()).toMatchObject([{ AuthorizerFailures: 1 }]);
  });
});

test('what fails at init is tried at each request until it works, and then kept', async () => {
  let tries = 0;
  const { handler } = prepareHandler(() => {
    tries += 1;
    if (tries < 3) throw new Fault('misconfigured');
    return async () => result;
  });

  await expect(handler(request, context)).rejects.toThrow('cannot decide');
  for (let again = 0; again < 3; again += 1) expect(await handler(request, context)).toBe(result);

  expect(tries).toBe(3);
});
