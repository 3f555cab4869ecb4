import type { Context } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import type { Authorize } from '../../../lambda/auth/authorize.ts';
import { KeysUnavailable } from '../../../lambda/auth/issuer-keys.ts';
import { TokenRefused } from '../../../lambda/auth/verify-token.ts';
import { createHandler } from '../../../lambda/authorizer.ts';
import { Fault } from '../../../lambda/faults.ts';
import { METHOD_ARN, recordTelemetry } from '../../support/authorizer.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const request = { authorizationToken: 'Bearer secret-token', methodArn: METHOD_ARN };
const context = { awsRequestId: 'r-1', getRemainingTimeInMillis: () => 10_000 } as Context;
const statement = { Action: 'execute-api:Invoke', Effect: 'Allow', Resource: '*' } as const;
const policyDocument = { Version: '2012-10-17', Statement: [statement] };
const result = { principalId: 'acme', policyDocument };

function prepareHandler(prepare: () => Authorize) {
  const telemetry = recordTelemetry();
  const clock = createManualClock();
  return { telemetry, clock, handler: createHandler(prepare, telemetry, clock) };
}
const failing = (error: unknown) => () => async () => {
  throw error;
};

test('the decision is passed on, and the invocation is closed', async () => {
  const { handler, telemetry, clock } = prepareHandler(() => async () => result);
  expect(await handler(request, context)).toBe(result);
  expect(telemetry.lines).toEqual([]);
  expect(telemetry.records).toEqual([
    'decision {"correlationId":"r-1","partner":"acme","decision":"Allow","milliseconds":0}',
  ]);
  expect(clock.waiting).toBe(0);
});

test('the deadline is a second before the function would be stopped', async () => {
  const { handler, clock } = prepareHandler(() => async (_, deadline) => {
    clock.advance(9000);
    deadline.signal.throwIfAborted();
    return result;
  });
  await expect(handler(request, context)).rejects.toThrow('cannot decide');
});

test('a bad token is Unauthorized, the word by which API Gateway makes a 401', async () => {
  const { handler, telemetry } = prepareHandler(failing(new TokenRefused('exp')));
  await expect(handler(request, context)).rejects.toThrow(/^Unauthorized$/);
  expect(telemetry.lines).toEqual(['token refused {"reason":"exp","correlationId":"r-1"}']);
  expect([...telemetry.counts]).toEqual([
    ['TokensRefused', 1],
    ['Latency', 0],
  ]);
  expect(telemetry.records).toEqual([
    'decision {"correlationId":"r-1","decision":"Unauthorized","milliseconds":0}',
  ]);
});

describe('what can not be decided is a failure, logged and counted', () => {
  test.each<[unknown, string]>([
    [
      new KeysUnavailable('the issuer answers 503'),
      '"error":"KeysUnavailable","reason":"the issuer answers 503"',
    ],
    [
      new Fault('misconfigured', { reason: 'partners.json' }),
      '"error":"Fault","reason":"partners.json"',
    ],
    [new SyntaxError('Unexpected token in "secret-token"'), '"error":"SyntaxError"'],
    ['secret-token', '"error":"string"'],
  ])('%o', async (error, logged) => {
    const { handler, telemetry } = prepareHandler(failing(error));
    await expect(handler(request, context)).rejects.toThrow('The authorizer cannot decide');
    expect(telemetry.lines).toEqual([`cannot decide {${logged},"correlationId":"r-1"}`]);
    expect(telemetry.counts.get('AuthorizerFailures')).toBe(1);
    expect(telemetry.records).toHaveLength(1);
  });

  test('an ARN that is none', async () => {
    const { handler } = prepareHandler(failing(new Error('methodArn')));
    await expect(handler({ ...request, methodArn: '' }, context)).rejects.toThrow('cannot decide');
  });
});

test('what fails at init is tried at each request, until it works', async () => {
  const outcomes = [new Fault('misconfigured'), new Fault('misconfigured'), undefined];
  const { handler } = prepareHandler(() => {
    const error = outcomes.shift();
    if (error) throw error;
    return async () => result;
  });
  await expect(handler(request, context)).rejects.toThrow('cannot decide');
  expect(await handler(request, context)).toBe(result);
  expect(await handler(request, context)).toBe(result);
});

test('what has worked is not put together again', async () => {
  let prepared = 0;
  const { handler } = prepareHandler(() => {
    prepared += 1;
    return async () => result;
  });

  await handler(request, context);
  await handler(request, context);

  expect(prepared).toBe(1);
});
