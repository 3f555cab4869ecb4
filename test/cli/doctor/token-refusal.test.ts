import { describe, expect, it } from 'vitest';
import { OAUTH_FAULTS } from '../../../lambda/egain/failure.ts';
import { sendJson } from '../../../sandbox/local-server.ts';
import { CANARY, grant, type OnToken, type Stage, useScriptedEgain } from './support.ts';

const COMMERCIAL = '/global/gateway/oauth2/v2.0/token';
const NEWER = '/system/auth/tenant-U/oauth2/token';
const DEFAULT_SCOPE = 'https://api.egain.cloud/auth/.default';
const BARE_SCOPE = 'app.conversation.conversationmgr.read';

const egain = useScriptedEgain();

const refuse =
  (status: number, error: string, aadsts?: number): OnToken =>
  (_request, response, form) => {
    // Servers echo what they are sent.
    const echo = `for ${form.get('client_secret')}`;
    const description =
      aadsts === undefined ? echo : `AADSTS${aadsts}: refused ${echo}. Trace ID: 1`;
    sendJson(response, status, { error, error_description: description });
  };

/** Grants a token to a client that goes by `way` alone. */
const taking =
  (way: 'body' | 'basic', error: string): OnToken =>
  (request, response, form) =>
    (form.get('client_secret') === CANARY ? 'body' : 'basic') === way
      ? grant(request, response, form)
      : sendJson(response, 400, { error });

const html =
  (status: number): OnToken =>
  (_request, response) =>
    void response.writeHead(status, { 'Content-Type': 'text/html' }).end('<html>Sign in</html>');

const bare =
  (code: number, headers: Record<string, string> = {}): OnToken =>
  (_request, response) =>
    void response.writeHead(code, headers).end();

const jsonWithoutToken: OnToken = (_request, response) => sendJson(response, 200, { ok: true });

/** What the doctor says of a token endpoint that answers like this. */
async function diagnose(
  onToken: OnToken,
  changes: Partial<Stage['egain']> = {},
  path = COMMERCIAL,
) {
  egain.onToken = onToken;
  const asked = { scope: DEFAULT_SCOPE, ...changes } as Stage['egain'];
  const canaries = ['Trace ID', 'canary_error', 'Sign in'];
  const { failure, row } = await egain.run({ egain: asked, canaries }, path);
  const { seen = '', advice = '' } = row('token');
  return { failure, seen, advice };
}

describe('a refusal', () => {
  it.each([...OAUTH_FAULTS.keys()])(
    'with the code %s, which the functions know, is known',
    async (error) => {
      const { failure, seen, advice } = await diagnose(refuse(400, error));

      expect(seen).toContain(`(${error})`);
      expect(failure).not.toBe('token: token-url');
      expect(advice).not.toBe('');
    },
  );

  it.each([
    ['token-url', 400, 'invalid_request', [90002, 900023]],
    ['client-unknown', 400, 'unauthorized_client', [700016]],
    ['client-disabled', 400, 'unauthorized_client', [7000112]],
    ['secret-wrong', 401, 'invalid_client', [7000215]],
    ['secret-expired', 401, 'invalid_client', [7000222]],
    ['client-authentication', 400, 'invalid_request', [7000216, 7000218]],
    ['scope-refused', 400, 'invalid_scope', [70011, 500011, 650057, 1002012]],
  ] as const)('is %s by the numbers of Entra: %i %s %j', async (cause, status, error, numbers) => {
    for (const number of numbers) {
      const { failure, seen, advice } = await diagnose(refuse(status, error, number));

      expect(failure).toBe(`token: ${cause}`);
      expect(seen).toContain(`AADSTS${number}`);
      expect(advice).toMatch(/\w{3}/);
    }
  });

  it.each<[title: string, handler: OnToken, cause: string, seen: string, advice?: string]>([
    ['404 with HTML', html(404), 'token-url', 'page of HTML'],
    ['400 with HTML', html(400), 'token-url', 'page of HTML'],
    ['a redirect', bare(302, { Location: '/' }), 'token-url', 'a redirect'],
    ['JSON without a token', jsonWithoutToken, 'token-url', 'JSON that is no token'],
    ['a bare 401', bare(401), 'secret-wrong', 'answered 401'],
    ['a bare 403', bare(403), 'client-disabled', 'answered 403'],
    ['an unknown error', refuse(400, 'canary_error'), 'request-refused', 'answered 400'],
    ['a 429', bare(429, { 'Retry-After': '120' }), 'throttled', 'answered 429', 'Wait 120 s'],
  ])('with %s is named', async (_title, handler, cause, seen, advice = '') => {
    const found = await diagnose(handler);

    expect(found.failure).toBe(`token: ${cause}`);
    expect(found.seen).toContain(seen);
    expect(found.advice).toContain(advice);
  });
});

describe('a scope of the other environment family', () => {
  it.each([
    ['bare names at a commercial token URL', COMMERCIAL, BARE_SCOPE, 'invalid_scope', '/.default'],
    ['.default at a newer token URL', NEWER, DEFAULT_SCOPE, 'invalid_request', BARE_SCOPE],
  ])('is named: %s', async (_title, path, scope, error, wanted) => {
    const { failure, advice } = await diagnose(refuse(400, error), { scope }, path);

    expect(failure).toBe('token: scope-family');
    expect(advice).toContain(wanted);
  });

  it('is not suspected where the scope has the right form', async () => {
    const { failure } = await diagnose(refuse(400, 'invalid_scope'), { scope: BARE_SCOPE }, NEWER);

    expect(failure).toBe('token: scope-refused');
  });
});

describe('the way in which the client goes', () => {
  it.each([
    ['body', 'basic', taking('basic', 'invalid_client')],
    ['basic', 'body', taking('body', 'invalid_request')],
  ] as const)(
    '%s is refused where only %s is taken, and the other is named',
    async (way, other, handler) => {
      const { failure, advice } = await diagnose(handler, { clientAuthentication: way });

      expect(failure).toBe('token: client-authentication');
      expect(advice).toContain(`egain.clientAuthentication to "${other}"`);
    },
  );

  it('is left alone when the scope is refused: eGain had let the client in', async () => {
    let requests = 0;

    await diagnose((...call) => {
      requests += 1;
      refuse(400, 'invalid_scope')(...call);
    });

    expect(requests).toBe(1);
  });
});
