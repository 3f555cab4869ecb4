import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { exampleAccounts } from '../../sandbox/egain/example-accounts.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { instanceInVirtualTime, type WatchedStage, watch, written } from '../e2e/watched-stage.ts';

/**
 * Each alarm's own metric, statistic, dimensions and threshold, as the template has them, against
 * what the functions and the gateway wrote while the sandbox was in that fault. What comes out of
 * one `drive` counts as one period; where an alarm looks at several, it is dated again, later.
 */
let sandbox: Sandbox;
let stage: WatchedStage;

beforeAll(async () => {
  sandbox = await startSandbox({ egain: { accounts: exampleAccounts(60) }, maxContainers: 1 });
  stage = watch(sandbox, await sandbox.token('acme'));
});
afterAll(() => sandbox.stop());
afterEach(async () => {
  vi.unstubAllEnvs();
  await stage.setFault({});
});

describe('in a healthy stage', () => {
  it('no alarm goes off, whatever partners get wrong', async () => {
    const lines = await stage.drive(async () => {
      for (const path of ['/accounts', '/accounts?pagesize=0', '/accounts/none', '/nowhere']) {
        await stage.ask(path);
      }
      await stage.ask('/accounts', 'Bearer not.a.token');
      await stage.runTask();
    });

    expect(lines).not.toEqual([]);
    expect(stage.firing([...stage.dated(lines, 0), ...stage.dated(lines, 1)])).toEqual([]);
  });

  it('1 failure in 30 requests is no share that wakes anybody', async () => {
    const lines = await stage.drive(async () => {
      for (let call = 0; call < 29; call += 1) await stage.ask('/accounts');
      await stage.setFault({ fault: 'server-error' });
      expect(await stage.askAnew()).toBe(500);
    });

    expect(stage.firing([...stage.dated(lines, 0), ...stage.dated(lines, 1)])).toEqual([]);
  });
});

describe('at the first call that meets it', () => {
  it.each([
    ['token-invalid-client', 'CredentialsRefusedApi'],
    ['unauthorized', 'CredentialsRefusedApi'],
    ['token-invalid-scope', 'InsufficientScopeApi'],
    ['forbidden', 'InsufficientScopeApi'],
    ['secret-missing', 'MisconfiguredApi'],
    ['secret-malformed', 'MisconfiguredApi'],
  ])('%s sets off %s and no other', async (fault, alarm) => {
    await stage.setFault({ fault });

    const lines = await stage.drive(() => stage.askAnew());

    expect(stage.firing(stage.dated(lines, 0))).toEqual([alarm]);
  });

  it.each([
    ['token-invalid-client', 'CredentialsRefusedTask'],
    ['forbidden', 'InsufficientScopeTask'],
    ['secret-denied', 'MisconfiguredTask'],
  ])('%s, met by a workflow, sets off %s and no other', async (fault, alarm) => {
    await stage.setFault({ fault });

    const lines = await stage.drive(() => stage.runTask());

    expect(stage.firing(stage.dated(lines, 0))).toEqual([alarm]);
  });
});

describe('when it lasts', () => {
  it('a failing eGain sets off ServerFaultShare in the second period, not in the first', async () => {
    await stage.setFault({ fault: 'server-error' });

    const lines = await stage.drive(() => stage.askAnew());

    expect(stage.firing(stage.dated(lines, 0))).toEqual([]);
    expect(stage.firing([...stage.dated(lines, 0), ...stage.dated(lines, 1)])).toEqual([
      'ServerFaultShare',
    ]);
  });

  it('StaleTooLong goes off when an answer is 5 minutes past its freshness, and not before', async () => {
    const { call, clock, freshSeconds } = instanceInVirtualTime(sandbox);
    const healthy = await written(call);
    await stage.setFault({ fault: 'unavailable' });

    clock.advance((freshSeconds + 299) * 1000);
    const before = await written(call);
    clock.advance(10_000);
    const after = await written(call);

    expect(stage.firing([...stage.dated(healthy, 0), ...stage.dated(before, 0)])).toEqual([]);
    expect(stage.firing(stage.dated(after, 0))).toEqual(['StaleTooLong']);
  });

  it('SharedTableUnusable goes off when containers find the table away, again and again', async () => {
    const { call, clock } = instanceInVirtualTime(sandbox, {
      AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1',
    });
    const lines = await written(async () => {
      for (let request = 0; request < 4; request += 1) {
        expect(await call()).toBe(200);
        clock.advance(11_000);
      }
    });

    expect(stage.firing(stage.dated(lines, 0))).toEqual([]);
    expect(stage.firing([...stage.dated(lines, 0), ...stage.dated(lines, 1)])).toEqual([
      'SharedTableUnusable',
    ]);
  });

  it('NearDeadline goes off when eGain takes all the time there is', async () => {
    const { call, clock } = instanceInVirtualTime(sandbox);
    await stage.setFault({ fault: 'hang' });

    const lines = await written(async () => {
      const called = stage.egainCalled();
      const answer = call();
      await called;
      clock.advance(26_000);
      expect(await answer).toBe(504);
    });

    expect(stage.firing(stage.dated(lines, 0))).toEqual([]);
    expect(stage.firing([...stage.dated(lines, 0), ...stage.dated(lines, 2)])).toEqual([
      'ServerFaultShare',
      'NearDeadline',
    ]);
  });
});

describe('when no code of the product is left to count', () => {
  it('a container that dies under a request sets off GatewayFaults', async () => {
    await stage.setFault({ fault: 'hang' });

    const lines = await stage.drive(async () => {
      const called = stage.egainCalled();
      const answer = stage.askAnew();
      await called;
      await sandbox.functionNamed('ApiFunction').stop();
      expect(await answer).toBe(500);
    });

    expect(stage.firing(stage.dated(lines, 0))).toEqual(['GatewayFaults']);
  });

  // No EMF line tells of a run's end: Step Functions counts it, so its points are made here.
  it('a run of ExportAccounts that fails sets off ExportFailed', async () => {
    const succeeded = await stage.runExport();
    await stage.setFault({ fault: 'wrong-shape' });
    await sandbox.forget();
    const failed = await stage.runExport();

    expect([succeeded.status, failed.status]).toEqual(['SUCCEEDED', 'FAILED']);
    expect(stage.firing([stage.stepFunctionsPoint('ExecutionsSucceeded')])).toEqual([]);
    expect(stage.firing([stage.stepFunctionsPoint('ExecutionsFailed')])).toEqual(['ExportFailed']);
  });

  it('a run of ExportAccounts that takes hours, which no test can wait for, does so too', () => {
    expect(stage.firing([stage.stepFunctionsPoint('ExecutionsTimedOut')])).toEqual([
      'ExportFailedByTime',
    ]);
  });

  it("the issuer's keys not to be had sets off AuthorizerFailures, and the gateway's own", async () => {
    const unseen = await sandbox.issuer.sign({ client_id: 'acme-client', scope: 'accounts/read' });
    await sandbox.issuer.close();
    await sandbox.functionNamed('AuthorizerFunction').recycle();

    const lines = await stage.drive(async () => {
      expect(await stage.ask('/accounts', `Bearer ${unseen}`)).toBe(500);
    });

    expect(stage.firing(stage.dated(lines, 0))).toEqual(['AuthorizerFailures', 'GatewayFaults']);
  });
});

it('every alarm of the stage has been seen to go off', () => {
  expect(stage.seen).toEqual(new Set(stage.alarms));
});
