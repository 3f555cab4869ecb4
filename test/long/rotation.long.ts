import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type SimulatedEgain, startEgain } from '../../sandbox/egain/egain.ts';
import { exampleAccounts } from '../../sandbox/egain/example-accounts.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { createPartner, type PartnerAnswer, type Send } from '../e2e/partner.ts';

/*
 * The orders of docs/operations.md, "Rotating the client secret", with partners calling all along.
 * What eGain lists is changed after each step: that the container answers with the new list
 * shows that it has been to eGain since, and was let in.
 */

const PARTNERS = 3;
/** So many answers with the new list, and no partner waits for an older one any more. */
const FRESH_ANSWERS = 2 * PARTNERS;

let sandbox: Sandbox;
let egain: SimulatedEgain;
let send: Send;

beforeAll(async () => {
  sandbox = await startSandbox({
    egain: { accounts: 10 },
    // A second one could start between eGain's cut and the put, and would need a token then.
    maxContainers: 1,
    configure: (config) => ({
      ...config,
      cache: { ...config.cache, freshSeconds: 1, staleSeconds: 600 },
    }),
  });
  egain = sandbox.egain ?? (await startEgain());
  send = createPartner(sandbox, await sandbox.token('acme'));
});
afterAll(() => sandbox.stop());
beforeEach(() => sandbox.forget());

describe('with partners calling all along, a client secret is rotated without a failed request', () => {
  it.each<[when: string, add: () => void, end: () => void]>([
    [
      'both secrets are valid for a while',
      () => egain.secrets.unshift('second-secret'),
      () => egain.secrets.splice(1),
    ],
    [
      'the old one ends at once, and the new one is put before a token is needed',
      () => egain.secrets.splice(0, 1, 'third-secret'),
      () => undefined,
    ],
  ])('when %s', async (_when, add, end) => {
    const traffic = startTraffic();
    await traffic.untilFresh();

    add();
    await traffic.untilFresh();
    sandbox.secrets.put(JSON.stringify(egain.credentials));
    await traffic.untilFresh();
    end();
    // The container has the old secret in mind, and its token ends.
    egain.revokeTokens();
    await traffic.untilFresh();
    await sandbox.functionNamed('ApiFunction').recycle();
    await traffic.untilFresh();

    expect(await traffic.end()).toEqual([]);
  });
});

describe('when the old secret has ended and the new one is not put', () => {
  it('a container that needs a token serves nothing, and a new one serves again after the put', async () => {
    egain.secrets.splice(0, 1, 'fourth-secret');

    const { error } = await send('/accounts');
    sandbox.secrets.put(JSON.stringify(egain.credentials));
    await sandbox.functionNamed('ApiFunction').recycle();
    // All containers remember the refusal for two seconds.
    await delay(2500);
    const { status } = await send('/accounts');

    expect(error.code).toBe('502-901');
    expect(status).toBe(200);
  });
});

/** Partners who call without a pause, and what was wrong with any of their answers. */
function startTraffic() {
  const wrong: string[] = [];
  const state = { ended: false, listed: 10, freshInARow: 0 };

  const judge = ({ status, headers, text, list }: PartnerAnswer): void => {
    const stale = headers.get('cache-status')?.includes('stale') === true;
    if (status !== 200 || stale) wrong.push(stale ? `stale: ${headers.get('age')} s` : text);
    const fresh = status === 200 && list.paginationInfo.count === state.listed;
    state.freshInARow = fresh ? state.freshInARow + 1 : 0;
  };
  const calling = Array.from({ length: PARTNERS }, async () => {
    while (!state.ended) {
      judge(await send('/accounts?pagesize=1'));
      await delay(10);
    }
  });

  return {
    /** Changes what eGain lists, and waits until the partners get it. */
    async untilFresh(): Promise<void> {
      state.listed += 1;
      egain.setAccounts(exampleAccounts(state.listed));
      state.freshInARow = 0;
      while (state.freshInARow < FRESH_ANSWERS && wrong.length === 0) await delay(10);
    },
    async end(): Promise<string[]> {
      state.ended = true;
      await Promise.all(calling);
      return wrong;
    },
  };
}
