import { describe, expect, test } from 'vitest';
import { checkPage, diagnoseApi } from '../../cli/doctor/page.ts';
import { PARAMETER_NAMES } from '../../lambda/accounts/parameters.ts';
import { type FetchedPage, judgeAnswer } from '../../lambda/egain/client.ts';
import { pastedEnds, readSecret } from '../../lambda/egain/credentials.ts';
import { statedWait } from '../../lambda/egain/send.ts';
import { requestGrant } from '../../lambda/egain/token.ts';
import { readEnvelope } from '../../lambda/egain/words.ts';
import type { Fault } from '../../lambda/faults.ts';
import { correlationIdOf, readQueryString } from '../../lambda/http/request.ts';
import { respond } from '../../lambda/http/response.ts';
import { createDeadline } from '../../lambda/platform/deadline.ts';
import { errorCode } from '../../lambda/platform/http-client.ts';
import { errorName } from '../../lambda/platform/log.ts';
import { parseJson, readDateTime } from '../../lambda/platform/parse.ts';
import { parseTaskInput } from '../../lambda/workflow/input.ts';
import { apiEvent } from '../support/api-events.ts';
import { createTestAuthorize } from '../support/authorizer.ts';
import { CANARY } from '../support/egain-world.ts';
import { answerOf } from '../support/upstream-exchange.ts';

/** A token that a search by comparing would nearly find everywhere in the text. */
const tokenLike = (text: string) => {
  const half = text.slice(0, text.length / 2);
  return { ...CANARY, token: `${half}b${half}` };
};
const EGAIN = { apiUrl: 'https://a.test', tokenUrl: 'https://t.test', scope: 's' } as const;
const ENDPOINT = { ...EGAIN, clientAuthentication: 'body' } as const;
const authorize = createTestAuthorize({ issuer: 'https://issuer.test' });

const base64 = (text: string) => Buffer.from(text).toString('base64url');
const answered = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  ({
    kind: 'response',
    ...answerOf(status, { text: typeof body === 'string' ? body : JSON.stringify(body), headers }),
  }) as const;

/** A page in which the text stands wherever a text may stand. */
const pageOf = (text: string) => {
  const account = { id: text, name: text, created: text, channel: text, [text]: text };
  const attributes = [{ name: text, value: text }];
  return answered(200, {
    paginationInfo: { count: '1', pagesize: text },
    account: [{ ...account, attributes }],
  });
};

/** What reads a text of eGain's, of the issuer's, of AWS's or of a partner's. */
const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  'an envelope': (text) => {
    const details = [{ key: text, value: text }];
    const body = { code: '500-1', developerMessage: text, userMessage: text, details };
    return readEnvelope(500, JSON.stringify(body), tokenLike(text));
  },
  'the code of an envelope': (text) => readEnvelope(500, `{"code":"500-${text}"}`, CANARY),
  'a page': (text) => failing(() => judgeAnswer(pageOf(text), CANARY, 0)),
  'what the doctor says of a page': (text) => {
    const answer = pageOf(text);
    const judged = failing(() => judgeAnswer(answer, CANARY, 0)) as FetchedPage | Fault;
    return checkPage({ answer, judged });
  },
  'what the doctor says of a refusal': (text) => {
    const error = new Error(text);
    const headers = { 'content-type': text };
    return diagnoseApi(
      answered(418, { code: text, developerMessage: text }, headers),
      ENDPOINT,
      error,
    );
  },
  'a date': (text) => [text, `2026-01-01T00:00:00.${text}`, `2026 ${text}`].map(readDateTime),
  'a header that names a wait': (text) => {
    const values = [text, `1.${text}`, `Thu, ${text}`];
    return values.map((value) => statedWait({ status: 429, headers: { 'retry-after': value } }, 0));
  },
  'a JSON text': (text) => parseJson(`\uFEFF${text}`),
  'a grant': (text) => {
    const body = { access_token: text, token_type: `bearer ${text}`, expires_in: text };
    return requestGrant(
      ENDPOINT,
      { ...CANARY, version: 'v' },
      async () => answered(200, body),
      createDeadline(25_000),
    ).catch(() => undefined);
  },
  'a secret': (text) => {
    const pair = { clientId: `<${text}`, clientSecret: `your-${text}` };
    return [readSecret(JSON.stringify(pair)), pastedEnds({ clientId: text, clientSecret: text })];
  },
  'an error of AWS or of the system': (text) => {
    const error = Object.assign(new Error(text), { name: `A${text}`, code: `A${text}` });
    return [errorName(error), errorCode(error)];
  },
  'a token': (text) =>
    Promise.all(
      [text, `Bearer ${text}`, `Bearer ${base64(`{"typ":"${text}"}`)}.e30.e30`].map((token) =>
        authorize(token).catch(() => undefined),
      ),
    ),
  "a request's headers": (text) => {
    const event = apiEvent({ headers: { 'X-Correlation-Id': text, 'If-None-Match': text } });
    return [correlationIdOf(event), respond({ body: '{}', etag: 'W/"a"' }, {}, event)];
  },
  "a workflow's input": (text) => {
    const filter = { name: text, attribute: [text], createdAfter: text };
    const fields = text.split(',').map((field) => `${field}x`);
    return failing(() => parseTaskInput({ filter, fields, cursor: text, [text]: text }));
  },
  'a query': (text) => {
    const names = ['name', 'fields', 'sort', 'createdAfter', text];
    const values = Object.fromEntries(names.map((name) => [name, text]));
    const event = apiEvent({ query: String(new URLSearchParams(values)) });
    return failing(() => readQueryString(event, PARAMETER_NAMES));
  },
};

function failing(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

const PIECES = [
  '\\',
  '%',
  'a',
  ' ',
  '0',
  '"',
  ',',
  ':',
  '-',
  '.',
  '[1]',
  '<>',
  'Zm9v',
  ' \n',
  '\u200B',
];
const LENGTH = 3000;
/** A linear search of twice the length takes twice the time, a quadratic one four times. */
const MOST = 3;
/** Shorter times say nothing. */
const LEAST_MS = 0.2;

describe('a text of others is read in a time that grows with its length alone', () => {
  test.each(Object.keys(READERS))('%s', async (name) => {
    const read = READERS[name] ?? (() => undefined);
    for (const piece of PIECES) {
      const [once, twice] = [10, 20].map((times) =>
        piece.repeat(Math.ceil((times * LENGTH) / piece.length)),
      ) as [string, string];
      let ratio = Number.POSITIVE_INFINITY;
      // What is linear is so in one of many tries, however busy the machine is.
      for (let tries = 0; tries < 20 && ratio >= MOST; tries += 1) {
        const [short, long] = [await fastest(read, once), await fastest(read, twice)];
        ratio = long / Math.max(short, LEAST_MS);
      }
      expect(ratio, `${JSON.stringify(piece)} repeated`).toBeLessThan(MOST);
    }
  });
});

/** In milliseconds. */
async function fastest(read: (text: string) => unknown, text: string): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let times = 0; times < 3; times += 1) {
    const began = performance.now();
    await read(text);
    least = Math.min(least, performance.now() - began);
  }
  return least;
}
