import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { publicTokenUrl } from '../../../lambda/http/openapi.ts';
import { systemClock } from '../../../lambda/platform/deadline.ts';
import { listen } from '../../../sandbox/local-server.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const TOKEN_URL = 'https://login.example.com/token';

let answers: readonly [status: number, body: string][] = [];
let asked = 0;
let accepted: string | undefined;
/** Called in place of an answer, while the issuer hangs. */
let onHang: (() => void) | undefined;
const issuer = await listen((request, response) => {
  const [status, body] = answers[Math.min(asked, answers.length - 1)] ?? [500, ''];
  asked += 1;
  accepted = request.headers.accept;
  if (onHang !== undefined) {
    onHang();
    return;
  }
  response.writeHead(request.url === '/tenant/.well-known/openid-configuration' ? status : 404);
  response.end(body);
});
afterAll(() => issuer.close());
beforeEach(() => {
  asked = 0;
  onHang = undefined;
});

const from = (tokenUrl: string | undefined, path = '/tenant', clock = systemClock) =>
  publicTokenUrl({ tokenUrl, issuer: `${issuer.url}${path}` }, clock);
const configuration = (token_endpoint: unknown, more = {}) =>
  JSON.stringify({ token_endpoint, ...more });

describe('where partners get their tokens', () => {
  it('is what the environment says, and nobody is asked', async () => {
    expect(await from(TOKEN_URL)()).toBe(TOKEN_URL);
    expect(asked).toBe(0);
  });

  it.each(['/tenant', '/tenant/'])(
    'is found in the configuration of the issuer %s, once',
    async (path) => {
      answers = [[200, configuration(TOKEN_URL)]];
      const find = from(undefined, path);

      expect([await find(), await find()]).toEqual([TOKEN_URL, TOKEN_URL]);
      expect(asked).toBe(1);
      expect(accepted).toBe('application/json');
    },
  );

  it.each<[string, [number, string]]>([
    ['fails', [500, '']],
    ['fails with what looks like a configuration', [500, configuration('https://other.example/')]],
    ['names none', [200, '{}']],
    ['answers no JSON', [200, '<html>']],
    ['names what is no https URL', [200, configuration('http://login.example.com/token')]],
    [
      'answers more than 512 KB',
      [200, configuration('https://other.example/', { more: 'x'.repeat(512 * 1024) })],
    ],
  ])('is not told while the issuer %s, and asked for again', async (_, bad) => {
    answers = [bad, [200, configuration(TOKEN_URL)]];
    const find = from(undefined);

    expect(await find()).toBeUndefined();
    expect(await find()).toBe(TOKEN_URL);
  });

  it('is not told where the environment names no issuer either', async () => {
    const find = publicTokenUrl({ tokenUrl: undefined, issuer: undefined }, systemClock);

    expect(await find()).toBeUndefined();
  });

  it('is not told while the issuer cannot be reached', async () => {
    const gone = await listen(() => undefined);
    await gone.close();
    const find = publicTokenUrl({ tokenUrl: undefined, issuer: gone.url }, systemClock);

    expect(await find()).toBeUndefined();
  });

  it('is not waited for longer than two seconds', async () => {
    const hanging = new Promise<void>((resolve) => {
      onHang = resolve;
    });
    const clock = createManualClock();
    const found = from(undefined, '/tenant', clock)();
    await hanging;

    clock.advance(2000);

    expect(await found).toBeUndefined();
  });

  it('leaves no timer behind', async () => {
    answers = [[200, configuration(TOKEN_URL)]];
    const clock = createManualClock();

    await from(undefined, '/tenant', clock)();

    expect(clock.waiting).toBe(0);
  });
});
