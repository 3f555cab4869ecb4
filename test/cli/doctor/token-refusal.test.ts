import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OAUTH_FAULTS } from '../../../lambda/egain/failure.ts';
import { type LocalServer, listen, readBody, sendJson } from '../../../sandbox/local-server.ts';
import { runDoctor, type Stage } from './support.ts';

const SECRET = 'canary+secret/ä';
const TOKEN = 'canary-token-0123456789';
const COMMERCIAL = '/global/gateway/oauth2/v2.0/token';
const NEWER = '/system/auth/tenant-U/oauth2/token';
const DEFAULT_SCOPE = 'https://api.egain.cloud/auth/.default';
const BARE_SCOPE = 'app.conversation.conversationmgr.read';

type Handler = (request: IncomingMessage, response: ServerResponse, form: URLSearchParams) => void;

let server: LocalServer;
let onToken: Handler;

beforeAll(async () => {
  server = await listen(async (request, response) => {
    if (request.method === 'POST') {
      onToken(request, response, new URLSearchParams(String(await readBody(request))));
      return;
    }
    sendJson(response, 200, { paginationInfo: { count: 0 }, account: [] });
  });
});
afterAll(() => server.close());

const refuse =
  (status: number, error: string, aadsts?: number): Handler =>
  (_request, response, form) => {
    // Servers echo what they are sent.
    const echo = `for ${form.get('client_secret')}`;
    const description =
      aadsts === undefined ? echo : `AADSTS${aadsts}: refused ${echo}. Trace ID: 1`;
    sendJson(response, status, { error, error_description: description });
  };

const grant: Handler = (_request, response) =>
  sendJson(response, 200, { access_token: TOKEN, token_type: 'Bearer', expires_in: '3600' });

const takesBasicAlone: Handler = (request, response, form) =>
  request.headers.authorization?.startsWith('Basic ') === true
    ? grant(request, response, form)
    : sendJson(response, 401, { error: 'invalid_client' });
const takesBodyAlone: Handler = (request, response, form) =>
  form.get('client_secret') === SECRET
    ? grant(request, response, form)
    : sendJson(response, 400, { error: 'invalid_request' });

const html =
  (status: number): Handler =>
  (_request, response) =>
    void response.writeHead(status, { 'Content-Type': 'text/html' }).end('<html>Sign in</html>');

const status =
  (code: number, headers: Record<string, string> = {}): Handler =>
  (_request, response) =>
    void response.writeHead(code, headers).end();

const jsonWithoutToken: Handler = (_request, response) => sendJson(response, 200, { ok: true });

function stage(path: string, scope: string, more: Partial<Stage['egain']> = {}): Stage {
  return {
    egain: { apiUrl: `${server.url}/v3`, tokenUrl: `${server.url}${path}`, scope, ...more },
    credentials: { clientId: 'some-client', clientSecret: SECRET },
    canaries: [TOKEN, 'Trace ID'],
  };
}

describe('a refusal by Entra', () => {
  it.each([...OAUTH_FAULTS.keys()])(
    'the code %s, which the functions know, is known here and said what to do about',
    async (error) => {
      onToken = refuse(400, error);

      const run = await runDoctor(stage(COMMERCIAL, DEFAULT_SCOPE));

      expect(run.row('token').seen).toContain(`(${error})`);
      expect(run.failure).not.toBe('token: token-url');
      expect(run.row('token').advice).not.toBe('');
    },
  );

  it.each([
    [90002, 'invalid_request', 'token-url'],
    [900023, 'invalid_request', 'token-url'],
    [700016, 'unauthorized_client', 'client-unknown'],
    [7000112, 'unauthorized_client', 'client-disabled'],
    [7000215, 'invalid_client', 'secret-wrong'],
    [7000222, 'invalid_client', 'secret-expired'],
    [7000216, 'invalid_request', 'client-authentication'],
    [7000218, 'invalid_request', 'client-authentication'],
    [70011, 'invalid_scope', 'scope-refused'],
    [500011, 'invalid_resource', 'scope-refused'],
    [650057, 'invalid_resource', 'scope-refused'],
    [1002012, 'invalid_scope', 'scope-refused'],
  ])('AADSTS%i (%s) is %s', async (aadsts, error, cause) => {
    onToken = refuse(cause.startsWith('secret') ? 401 : 400, error, aadsts);

    const run = await runDoctor(stage(COMMERCIAL, DEFAULT_SCOPE));

    expect(run.failure).toBe(`token: ${cause}`);
    expect(run.row('token').seen).toContain(`AADSTS${aadsts}`);
    expect(run.row('token').advice).toMatch(/\w{3}/);
  });
});

describe('a scope of the other environment family', () => {
  it.each([
    ['bare names at a commercial token URL', COMMERCIAL, BARE_SCOPE, 1002012, '/.default'],
    ['.default at a newer token URL', NEWER, DEFAULT_SCOPE, undefined, BARE_SCOPE],
  ])('is named: %s', async (_title, path, scope, aadsts, wanted) => {
    onToken = refuse(400, 'invalid_scope', aadsts);

    const run = await runDoctor(stage(path, scope));

    expect(run.failure).toBe('token: scope-family');
    expect(run.row('token').advice).toContain(wanted);
  });

  it('is named for an invalid_request as well, which some servers answer', async () => {
    onToken = refuse(400, 'invalid_request');

    const run = await runDoctor(stage(NEWER, DEFAULT_SCOPE));

    expect(run.failure).toBe('token: scope-family');
  });

  it('is not suspected where the scope has the right form', async () => {
    onToken = refuse(400, 'invalid_scope');

    const run = await runDoctor(stage(NEWER, BARE_SCOPE));

    expect(run.failure).toBe('token: scope-refused');
  });
});

describe('the way in which the client goes', () => {
  it.each([
    ['body', 'basic', takesBasicAlone],
    ['basic', 'body', takesBodyAlone],
  ] as const)(
    '%s is refused where %s alone is taken, and the other is named',
    async (configured, other, handler) => {
      onToken = handler;

      const run = await runDoctor(
        stage(COMMERCIAL, DEFAULT_SCOPE, { clientAuthentication: configured }),
      );

      expect(run.failure).toBe('token: client-authentication');
      expect(run.row('token').advice).toContain(`egain.clientAuthentication to "${other}"`);
    },
  );

  it('is left alone when the scope is refused: the client had been let in', async () => {
    let requests = 0;
    onToken = (...call) => {
      requests += 1;
      refuse(400, 'invalid_scope')(...call);
    };

    await runDoctor(stage(COMMERCIAL, DEFAULT_SCOPE));

    expect(requests).toBe(1);
  });
});

describe('an answer that is none of a token endpoint', () => {
  it.each([
    ['404 with HTML', html(404), 'token-url', 'page of HTML'],
    ['400 with HTML', html(400), 'token-url', 'page of HTML'],
    ['200 with HTML', html(200), 'token-url', 'page of HTML'],
    ['a redirect', status(302, { Location: '/' }), 'token-url', 'a redirect'],
    ['JSON without a token', jsonWithoutToken, 'token-url', 'JSON that is no token'],
    ['a bare 401', status(401), 'secret-wrong', 'answered 401'],
    ['a bare 403', status(403), 'client-disabled', 'answered 403'],
    ['an unknown error', refuse(400, 'canary_error'), 'request-refused', 'answered 400'],
  ])('%s is named', async (_title, handler, cause, seen) => {
    onToken = handler;

    const run = await runDoctor({
      ...stage(COMMERCIAL, DEFAULT_SCOPE),
      canaries: [TOKEN, 'canary_error', 'Sign in'],
    });

    expect(run.failure).toBe(`token: ${cause}`);
    expect(run.row('token').seen).toContain(seen);
  });

  it('a 429 says how long to wait, and is not waited out', async () => {
    onToken = (_request, response) => sendJson(response, 429, {}, { 'Retry-After': '120' });

    const run = await runDoctor(stage(COMMERCIAL, DEFAULT_SCOPE));

    expect(run.failure).toBe('token: throttled');
    expect(run.row('token').advice).toContain('120 s');
  });
});
