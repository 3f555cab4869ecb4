import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { type Answer, expectContract } from '../e2e/contract.ts';
import { sharedSandbox } from '../support/shared-sandbox.ts';

const RUNS = 3000;
const agent = new Agent({ keepAlive: true, maxSockets: 4 });
const tokens: string[] = [];
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await sharedSandbox();
  for (const partner of ['acme', 'basic', 'chat-desk']) tokens.push(await sandbox.token(partner));
});

afterAll(() => agent.destroy());

const NAMES = (
  'pagenum pagesize active name channel orchestration entryPoint language onAgentUnavailability ' +
  'createdAfter modifiedBefore attribute sort fields version channel[] __proto__ constructor'
).split(' ');
const VALUES = (
  '1 0 -1 1e3 true null 2021-03-21T14:29:01.516Z ' +
  '2021-02-30T00:00:00Z region:emea -created id,channel.id chatConfigurations address'
).split(' ');

const valueArbitrary = fc.oneof(
  fc.constantFrom('', ...VALUES),
  fc.string({ unit: 'binary', maxLength: 40 }),
);
/** Right for some partner and some path at least. */
const PAIRS = (
  'pagesize=5 pagenum=2 active=true name=a channel=1 sort=-name ' +
  'createdAfter=2021-01-01T00%3A00%3A00Z fields=id,name fields=address fields=attributes attribute=region%3Aemea version=gone'
).split(' ');
const pairArbitrary = fc
  .tuple(
    fc.oneof(fc.constantFrom(...NAMES), fc.string({ unit: 'binary', maxLength: 12 })),
    valueArbitrary,
  )
  .map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
/** Characters of a request line, percent-encoded badly or not at all. */
const rawArbitrary = fc
  .array(fc.constantFrom(...Array.from("%&=+;#?/[]{}^`|\\~!$'()*,:@-._09azAZé")), { maxLength: 40 })
  .map((characters) => characters.join(''));
const queryArbitrary = fc.oneof(
  { weight: 4, arbitrary: fc.subarray(PAIRS, { maxLength: 3 }).map((pairs) => pairs.join('&')) },
  {
    weight: 4,
    arbitrary: fc.array(pairArbitrary, { maxLength: 5 }).map((pairs) => pairs.join('&')),
  },
  { weight: 1, arbitrary: rawArbitrary },
);
/** RFC 9110 §5.5: visible characters, spaces, tabs and any byte above 127. */
const headerValueArbitrary = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0x20, max: 0x7e }),
      fc.integer({ min: 0x80, max: 0xff }),
      fc.constant(9),
    ),
    {
      maxLength: 60,
    },
  )
  .map((codes) => String.fromCharCode(...codes));
const headerNameArbitrary = fc.constantFrom(
  'If-None-Match',
  'X-Correlation-Id',
  'X-egain-error-message',
  'Accept-Language',
  'X-Any',
);
const headersArbitrary = fc.array(fc.tuple(headerNameArbitrary, headerValueArbitrary), {
  maxLength: 5,
});

it('whatever the query and the headers, the answer is one that the contract names, and no 5xx', async () => {
  const seen = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(
        '/accounts',
        '/accounts/ae103957-9c82-4fa8-a34e-925be85e06ec',
        '/accounts/none',
      ),
      queryArbitrary,
      headersArbitrary,
      fc.nat(),
      async (path, query, headers, pick) => {
        const answer = await send(`${path}?${query}`, headers, tokens[pick % tokens.length] ?? '');
        seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
        expectContract(path === '/accounts' ? path : '/accounts/{id}', answer);
        expect(answer.status).toBeLessThan(500);
      },
    ),
    { numRuns: RUNS },
  );

  // The random requests are of every kind.
  for (const status of [200, 400, 403, 404]) expect(seen.get(status)).toBeGreaterThan(RUNS / 100);
});

async function send(
  path: string,
  headers: readonly (readonly [string, string])[],
  token: string,
): Promise<Answer> {
  const flat = headers.flat();
  const sent = request(sandbox.url, {
    agent,
    path: `/v1${path.replaceAll(/[^\u0021-\u00ff]|#/g, '')}`,
    headers: ['Host', '127.0.0.1', 'Authorization', `Bearer ${token}`, ...flat],
  });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.on('response', resolve).on('error', reject).end();
  });
  return {
    status: response.statusCode ?? 0,
    headers: new Headers(response.headers as Record<string, string>),
    text: await text(response),
  };
}

/** Lone surrogates have no encoding. */
function encoded(value: string): string {
  return encodeURIComponent(value.toWellFormed());
}
