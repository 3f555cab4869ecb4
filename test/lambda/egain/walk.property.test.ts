import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Account } from '../../../lambda/egain/account.ts';
import { Fault } from '../../../lambda/faults.ts';
import {
  createWorld,
  envelopeReply,
  inOrder,
  makeAccount,
  servePages,
  startUpstream,
} from '../../support/egain-world.ts';
import type { Reply } from '../../support/scripted-upstream.ts';

const upstream = await startUpstream();

const FAULTS: Readonly<Record<string, Reply>> = {
  '400': envelopeReply(400, '400-101'),
  '401': { status: 401 },
  '403': { status: 403 },
  '404': { status: 404 },
  '429': { status: 429, headers: { 'retry-after': '1' } },
  '500': envelopeReply(500, '500-100'),
  '503': { status: 503 },
  redirect: { status: 302, headers: { location: '/' } },
  'not JSON': { body: 'no' },
  'closed connection': { drop: 'at-once' },
  'empty page': { body: { paginationInfo: { count: 0 }, account: [] } },
};

const dataSet = fc
  .array(fc.constantFrom(true, true, true, false), { maxLength: 30 })
  .map((ids) =>
    ids.map(
      (hasId, number): Account =>
        hasId ? makeAccount(number) : { ...makeAccount(number), id: null },
    ),
  );

test('a walk gives exactly the data set, or a fault with a name', async () => {
  const outcomes = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        accounts: dataSet,
        pagesize: fc.integer({ min: 1, max: 12 }),
        meaning: fc.constantFrom('records' as const, 'pages' as const),
        reported: fc.boolean(),
        past: fc.constantFrom(
          'empty' as const,
          'first-page' as const,
          'last-page' as const,
          400 as const,
          404 as const,
        ),
      }),
      fc.array(fc.tuple(fc.nat(8), fc.constantFrom(...Object.keys(FAULTS))), { maxLength: 3 }),
      async (served, faults) => {
        const { ask } = createWorld(upstream);
        const well = servePages(served);
        const faultAt = new Map(faults);
        /** Another walk finds them empty too. */
        const emptied = new Set<string>();
        upstream.accounts.otherwise = (request) => {
          // A fault that pretends an end would be the truth on the first page of nothing.
          const fault = FAULTS[faultAt.get(upstream.accounts.calls.length - 1) ?? ''];
          const pretends = request.url.search === '' && fault === FAULTS['empty page'];
          if (fault === FAULTS['empty page'] && !pretends) emptied.add(request.url.search);
          if (emptied.has(request.url.search)) return FAULTS['empty page'] ?? {};
          return fault === undefined || pretends ? well(request) : fault;
        };

        const answer = await ask().catch((error: unknown) => error as Error);

        if (answer instanceof Error) {
          outcomes.add(answer instanceof Fault ? answer.code : answer.name);
          return answer instanceof Fault && faults.length > 0;
        }
        outcomes.add('whole');
        return isDeepStrictEqual(answer.snapshot.accounts, inOrder(served.accounts));
      },
    ),
    // With this seed the first twenty have every outcome, which is all that a mutation run tries.
    { numRuns: 250, seed: 2 },
  );
  expect([...outcomes]).toEqual(expect.arrayContaining(['whole', '502-903', '502-904']));
});
