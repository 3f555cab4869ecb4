import { afterAll, describe, expect, it } from 'vitest';
import { publicTokenUrl } from '../../../lambda/http/public-token-url.ts';
import { systemClock } from '../../../lambda/platform/clock.ts';
import { listen } from '../../../sandbox/local-server.ts';

let answers: readonly [status: number, body: string][] = [];
let asked = 0;
const issuer = await listen((request, response) => {
  const [status, body] = answers[Math.min(asked, answers.length - 1)] ?? [500, ''];
  asked += 1;
  response.writeHead(request.url === '/tenant/.well-known/openid-configuration' ? status : 404);
  response.end(body);
});
afterAll(() => issuer.close());

const from = (tokenUrl: string | undefined, path = '/tenant') =>
  publicTokenUrl({ tokenUrl, issuer: `${issuer.url}${path}` }, systemClock);
const configuration = (token_endpoint: unknown) => JSON.stringify({ token_endpoint });

describe('where partners get their tokens', () => {
  it('is what the environment says, and nobody is asked', async () => {
    asked = 0;

    expect(await from('https://login.example.com/token')()).toBe('https://login.example.com/token');
    expect(asked).toBe(0);
  });

  it.each(['/tenant', '/tenant/'])(
    'is found in the configuration of the issuer %s, once',
    async (path) => {
      asked = 0;
      answers = [[200, configuration('https://login.example.com/token')]];
      const find = from(undefined, path);

      expect([await find(), await find()]).toEqual(
        Array.from({ length: 2 }, () => 'https://login.example.com/token'),
      );
      expect(asked).toBe(1);
    },
  );

  it.each<[string, [number, string]]>([
    ['fails', [500, '']],
    ['names none', [200, '{}']],
    ['answers no JSON', [200, '<html>']],
    ['names what is no https URL', [200, configuration('http://login.example.com/token')]],
  ])('is not told while the issuer %s, and asked for again', async (_, bad) => {
    asked = 0;
    answers = [bad, [200, configuration('https://login.example.com/token')]];
    const find = from(undefined);

    expect(await find()).toBeUndefined();
    expect(await find()).toBe('https://login.example.com/token');
  });
});
