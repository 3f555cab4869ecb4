import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeAnswer } from '../../../lambda/egain/client.ts';
import { account } from '../../support/accounts.ts';
import { createPartnerApi, failingService } from '../../support/partner-api.ts';
import { type Partner, partnerArbitrary } from '../../support/partner-model.ts';

const ALL_SCOPES = ['accounts/read', 'accounts/read.address', 'accounts/read.configuration'];
const seesAll = ({ scopes, rule }: Partner) =>
  rule === undefined && scopes.length === ALL_SCOPES.length;
const narrowed = partnerArbitrary.filter((partner) => !seesAll(partner));

/** What a partner is answered when this is eGain's answer. */
async function answerTo({ scopes, rule }: Partner, status: number, body: unknown) {
  const sensitive = { token: 'a-token-of-eGain', clientId: 'a-client', clientSecret: 'a-secret' };
  let thrown: unknown;
  try {
    const headers = { 'content-type': 'application/json' };
    judgeAnswer({ kind: 'response', status, headers, text: JSON.stringify(body) }, sensitive, 0);
  } catch (error) {
    thrown = error;
  }
  if (thrown === undefined) throw new Error("it is as eGain's contract says");
  const { request } = createPartnerApi({ service: failingService(thrown) });
  const accounts = rule === undefined ? {} : { accounts: JSON.stringify(rule) };
  return request({
    headers: { 'X-egain-error-message': 'yes' },
    authorizer: { partner: 'acme', scopes: scopes.join(' '), ...accounts },
  });
}

/** Pages with something among the accounts that is no account, wherever it is. */
const malformed = fc
  .record({ before: fc.nat(9), flaw: fc.constantFrom<unknown>('a7', 7, null, ['a7']) })
  .map(({ before, flaw }) => {
    const accounts = Array.from({ length: before }, (_, at) => account({ id: `a${at}` }));
    return { paginationInfo: { count: before + 1 }, account: [...accounts, flaw] };
  });

/** What eGain says of a failure, which may be of accounts that are hidden. */
const words = fc.record({
  developerMessage: fc.constantFrom('account a7 is locked', 'address +15550100 is in use', ''),
  userMessage: fc.constantFrom('Ask for a7', 'Try again'),
  details: fc.array(fc.record({ key: fc.constant('account'), value: fc.constantFrom('a7', 'a8') })),
});
const statuses = fc.constantFrom(400, 403, 404, 409, 429, 500, 503, 507);

describe("what a partner from whom something is hidden learns of eGain's failures", () => {
  it('is not which account was malformed', async () => {
    await fc.assert(
      fc.asyncProperty(narrowed, malformed, malformed, async (partner, one, two) => {
        expect(await answerTo(partner, 200, one)).toEqual(await answerTo(partner, 200, two));
      }),
    );
  });

  it("is the code, and never eGain's words", async () => {
    await fc.assert(
      fc.asyncProperty(narrowed, statuses, words, words, async (partner, status, one, two) => {
        const code = `${status}-123`;

        const answers = [
          await answerTo(partner, status, { code, ...one }),
          await answerTo(partner, status, { code, ...two }),
        ];

        expect(answers[0]).toEqual(answers[1]);
        expect(answers[0]?.body).toContain(code);
      }),
    );
  });

  it('and all of it for those from whom nothing is', async () => {
    const envelope = { code: '507-123', developerMessage: 'account a7 is locked' };

    const answer = await answerTo({ scopes: ALL_SCOPES }, 507, envelope);

    expect(JSON.parse(answer.body)).toMatchObject(envelope);
  });
});
