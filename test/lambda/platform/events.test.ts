import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { putEvent } from '../../../lambda/platform/events.ts';
import { listen, readBody, sendJson } from '../../../sandbox/local-server.ts';

const EVENT = { source: 'egain-accounts.prod', detailType: 'Accounts Changed', detail: { a: 1 } };
const asked: { target: unknown; signature: unknown; body: unknown }[] = [];
let answer: { status: number; body: object };
let server: Awaited<ReturnType<typeof listen>>;

beforeAll(async () => {
  server = await listen(async (request, response) => {
    const { 'x-amz-target': target, authorization: signature } = request.headers;
    asked.push({ target, signature, body: JSON.parse(String(await readBody(request))) });
    sendJson(response, answer.status, answer.body);
  });
});
beforeEach(() => {
  vi.stubEnv('AWS_ENDPOINT_URL_EVENTBRIDGE', server.url);
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'example');
});
afterAll(() => server.close());
afterEach(() => void asked.splice(0));

describe('an event', () => {
  test('is put on the default bus, signed, at the endpoint of the environment', async () => {
    answer = { status: 200, body: { FailedEntryCount: 0, Entries: [{ EventId: 'e-1' }] } };

    await putEvent(EVENT);

    const entry = {
      Source: 'egain-accounts.prod',
      DetailType: 'Accounts Changed',
      Detail: '{"a":1}',
    };
    expect(asked).toEqual([
      {
        target: 'AWSEvents.PutEvents',
        signature: expect.stringContaining('/eu-west-1/events/aws4_request'),
        body: { Entries: [entry] },
      },
    ]);
  });

  test.each([
    [
      'fails in an answer that succeeds',
      200,
      { FailedEntryCount: 1, Entries: [{ ErrorCode: 'ThrottlingException' }] },
      'ThrottlingException',
    ],
    ['gets an answer that says nothing', 200, {}, 'Error'],
    ['is refused', 400, { __type: 'AccessDeniedException' }, 'AccessDeniedException'],
  ])('that %s is not put', async (_what, status, body, name) => {
    answer = { status, body };

    await expect(putEvent(EVENT)).rejects.toMatchObject({ name });
  });
});
