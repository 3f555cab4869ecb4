import type { APIGatewayProxyResult } from 'aws-lambda';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Account } from '../../../lambda/egain/account.ts';
import { accountArbitrary, accountsArbitrary } from '../../support/accounts.ts';
import type { RequestOptions } from '../../support/api-events.ts';
import { bodyOf, createPartnerApi } from '../../support/partner-api.ts';
import {
  cut,
  exists,
  expectedAnswer,
  isOpen,
  LEAVES,
  type Partner,
  partnerArbitrary,
  queryArbitrary,
} from '../../support/partner-model.ts';

const authorizerOf = ({ scopes, rule }: Partner) => ({
  partner: 'acme',
  scopes: scopes.join(' '),
  ...(rule !== undefined && { accounts: JSON.stringify(rule) }),
});

const accountsOf = (result: APIGatewayProxyResult) =>
  (bodyOf(result) as { account: unknown[] }).account;

/** The query of the page that a list links to, where it does. */
function linkOf({ headers }: APIGatewayProxyResult, relation: string): string | undefined {
  return String(headers?.['Link'])
    .split(', ')
    .map((link) => /^<[^?]*\?(.*)>; rel="(\w+)"$/.exec(link))
    .find((link) => link?.[2] === relation)?.[1];
}

/** The answers to a query and to all that `next` leads to; `ask` is told which of them it answers. */
async function walk(
  query: string,
  ask: (query: string, at: number) => Promise<APIGatewayProxyResult>,
): Promise<APIGatewayProxyResult[]> {
  const answers: APIGatewayProxyResult[] = [];
  for (let next: string | undefined = query; next !== undefined; ) {
    const answer = await ask(next, answers.length);
    answers.push(answer);
    next = linkOf(answer, 'next');
  }
  return answers;
}

describe('what a partner sees', () => {
  it('is exactly what the model says, for any accounts, any two partners and any query', async () => {
    await fc.assert(
      fc.asyncProperty(
        accountsArbitrary,
        fc.tuple(partnerArbitrary, partnerArbitrary),
        fc.array(queryArbitrary, { minLength: 1, maxLength: 4 }),
        async (drawn, partners, queries) => {
          // Between accounts that tie in everything the contract leaves the order open.
          const accounts = drawn.map((a, at) => (at > 0 ? { ...a, id: a.id ?? `x${at}` } : a));
          const { request } = createPartnerApi({ accounts });

          for (const query of queries) {
            for (const partner of partners) {
              const result = await request({ query, authorizer: authorizerOf(partner) });

              const expected = expectedAnswer(accounts, partner, query);
              const body = bodyOf(result) as { code?: string };
              expect(body.code ?? body).toEqual(expected);
            }
          }
          const [partner] = partners;
          const authorizer = authorizerOf(partner);
          const all = expectedAnswer(accounts, partner, 'pagesize=500') as {
            account: { id?: string | null }[];
          };
          for (const { id } of accounts) {
            if (typeof id !== 'string') continue;
            const result = await request({ resource: '/accounts/{id}', id, authorizer });
            const body = bodyOf(result) as { code?: string };
            expect(body.code ?? body).toEqual(all.account.find((a) => a.id === id) ?? '404-902');
          }
        },
      ),
      { numRuns: 750 },
    );
  });
});

describe('the pages of a list', () => {
  const drawn = fc.tuple(
    accountsArbitrary,
    fc.oneof(fc.constant({ scopes: ['accounts/read'] }), partnerArbitrary),
    fc.oneof(fc.constant('sort=-created'), queryArbitrary),
    fc.integer({ min: 1, max: 2 }),
  );

  it('joined by their links are the whole list, each account once, in one version', async () => {
    let runs = 0;
    let followed = 0;
    await fc.assert(
      fc.asyncProperty(drawn, async ([accounts, partner, query, pagesize]) => {
        runs += 1;
        const { request } = createPartnerApi({ accounts });
        const authorizer = authorizerOf(partner);
        const asked = new URLSearchParams(query);
        asked.delete('pagenum');
        asked.set('pagesize', '500');
        const whole = await request({ query: asked.toString(), authorizer });
        if (whole.statusCode !== 200) return;

        asked.set('pagesize', String(pagesize));
        const pages = await walk(asked.toString(), (one) => request({ query: one, authorizer }));
        const joined = pages.flatMap(accountsOf);
        const versions = new Set([whole, ...pages].map((one) => one.headers?.['Accounts-Version']));
        followed += pages.length - 1;

        expect(joined).toEqual(accountsOf(whole));
        expect(versions.size).toBe(1);
      }),
      { numRuns: 600 },
    );
    expect(followed).toBeGreaterThan(runs / 2);
  });

  it('are one list or 409-901, never a mixture, while the accounts change', async () => {
    const ends = { whole: 0, gone: 0 };
    await fc.assert(
      fc.asyncProperty(
        drawn,
        fc.array(accountArbitrary, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 0, max: 3 }),
        async ([accounts, partner, query, pagesize], others, changesAt) => {
          const authorizer = authorizerOf(partner);
          const worlds = [accounts, [...others, ...accounts.slice(1)]].map((world) =>
            createPartnerApi({ accounts: world }),
          );
          const asked = new URLSearchParams(query);
          asked.delete('pagenum');
          asked.set('pagesize', '500');
          const wholes = await Promise.all(
            worlds.map(({ request }) => request({ query: asked.toString(), authorizer })),
          );
          if (wholes[0]?.statusCode !== 200) return;

          asked.set('pagesize', String(pagesize));
          const pages = await walk(asked.toString(), async (one, at) => {
            const world = worlds[at < changesAt ? 0 : 1];
            if (world === undefined) throw new Error('two worlds');
            return world.request({ query: one, authorizer });
          });

          const last = bodyOf(pages.at(-1) as APIGatewayProxyResult) as { code?: string };
          const joined = last.code ?? pages.flatMap(accountsOf);
          ends[last.code === undefined ? 'whole' : 'gone'] += 1;
          expect([...wholes.map(accountsOf), '409-901']).toContainEqual(joined);
        },
      ),
      { numRuns: 600 },
    );
    expect(ends.gone).toBeGreaterThan(50);
    expect(ends.whole).toBeGreaterThan(50);
  });
});

describe('the version of what a partner sees', () => {
  it('changes exactly when something in it does, whatever is asked for', async () => {
    let runs = 0;
    let alike = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(accountArbitrary, { maxLength: 3 }),
        fc.array(accountArbitrary, { maxLength: 1 }),
        partnerArbitrary,
        queryArbitrary,
        async (before, changes, partner, query) => {
          runs += 1;
          // The first account is another one, or the same in another order.
          const after = changes.length > 0 ? [...changes, ...before.slice(1)] : before.toReversed();
          const authorizer = authorizerOf(partner);
          const [first, second] = [before, after].map((accounts) => createPartnerApi({ accounts }));
          if (first === undefined || second === undefined) throw new Error('two data sets');
          const wholes = [
            await first.request({ authorizer }),
            await second.request({ authorizer }),
          ];
          const asked = await second.request({ query, authorizer });

          const [one, two] = wholes.map(({ headers }) => headers?.['Accounts-Version']);
          expect(one === two).toBe(wholes[0]?.body === wholes[1]?.body);
          // A query that the scopes do not open is told no version.
          expect([undefined, two]).toContain(asked.headers?.['Accounts-Version']);
          if (one === two) alike += 1;
        },
      ),
      { numRuns: 600 },
    );
    expect(alike).toBeGreaterThan(runs / 6);
    expect(alike).toBeLessThan(runs);
  });
});

/** The same to the partner, and different wherever it must not look. */
function disguise(shown: Account, other: Account, partner: Partner): Account {
  const open = new Set(LEAVES.filter((leaf) => isOpen(partner, leaf)));
  const closed = new Set(LEAVES.filter((leaf) => !open.has(leaf)));
  const visible = (cut(shown, open) ?? {}) as Partial<Account>;
  const hidden = (cut(other, closed) ?? {}) as Partial<Account>;
  const { chatConfigurations: seen } = visible;
  const { chatConfigurations: unseen, ...rest } = hidden;
  // The object is open in part, so everybody sees whether it is null.
  const chat = (seen ?? unseen) ? { ...unseen, ...seen } : undefined;
  return {
    ...rest,
    ...visible,
    ...(seen !== null && chat !== undefined && { chatConfigurations: chat }),
  };
}

describe('what a partner cannot learn', () => {
  const pairOfDataSets = fc
    .tuple(
      accountsArbitrary,
      partnerArbitrary,
      fc.infiniteStream(accountArbitrary),
      fc.infiniteStream(fc.nat(99)),
    )
    .map(([first, partner, others, dice]) => {
      const visible = first.filter((a) => exists(a, partner));
      const seenAlike = visible
        .map((a) => disguise(a, others.next().value, partner))
        .map((twin, at) => (exists(twin, partner) ? twin : visible[at]));
      const hidden = [1, 2, 3]
        .map((n) => Object.assign(others.next().value, { id: `h${n}` }))
        .filter((a) => !exists(a, partner));
      const second = [...seenAlike, ...hidden]
        .filter((a) => a !== undefined)
        .map((a) => ({ a, place: dice.next().value }))
        .toSorted((a, b) => a.place - b.place)
        .map(({ a }) => a);
      return { first, second, partner };
    });

  it('is anything of hidden accounts or fields: every answer is the same byte for byte', async () => {
    let runs = 0;
    let told = 0;
    await fc.assert(
      fc.asyncProperty(
        pairOfDataSets,
        fc.array(queryArbitrary, { minLength: 1, maxLength: 3 }),
        async ({ first, second, partner }, queries) => {
          runs += 1;
          const [one, two] = [first, second].map((accounts) => createPartnerApi({ accounts }));
          if (one === undefined || two === undefined) throw new Error('two data sets');
          const authorizer = authorizerOf(partner);
          const ids = [...first, ...second].map(({ id }) => id ?? 'none');
          const requests: RequestOptions[] = [
            ...queries.map((query) => ({ query, authorizer })),
            ...ids.map((id) => ({ resource: '/accounts/{id}', id, authorizer })),
          ];

          for (const request of requests) {
            const answers = [await one.request(request), await two.request(request)];
            expect(answers[0]).toEqual(answers[1]);
            const tag = answers[0]?.headers?.['ETag'];
            if (typeof tag !== 'string') continue;
            const again = await two.request({ ...request, headers: { 'If-None-Match': tag } });
            expect(again.statusCode).toBe(304);
          }
          if (JSON.stringify(first) !== JSON.stringify(second)) told += 1;
        },
      ),
      { numRuns: 400 },
    );
    // The data sets did differ, so the property says something.
    expect(told).toBeGreaterThan(runs / 2);
  });
});
