import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { AccountsPage } from '../../lambda/egain/account.ts';
import type { SecretFault } from '../aws/secrets-manager.ts';
import { sendJson } from '../local-server.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** What goes wrong while a named fault is on. */
export interface EgainFault {
  /** One line for a reader. */
  readonly does: string;
  /** Answers in place of `GET /accounts`. */
  readonly accounts?: Answer;
  /** Answers in place of the token endpoint; earlier tokens end, so that a new one is needed. */
  readonly token?: Answer;
  /** Changes a page that would have been right. `all` is every account. */
  readonly page?: (
    page: AccountsPage,
    pagenum: number,
    all: AccountsPage['account'],
  ) => AccountsPage;
  /** Spoils the secret; the functions start anew, since a running one has read it already. */
  readonly secret?: SecretFault;
}

/** Answers with an error in eGain's envelope. */
const envelope =
  (code: string, headers?: Readonly<Record<string, string>>): Answer =>
  (_request, response) =>
    sendEnvelope(response, code, headers);

/** Answers with an OAuth error (RFC 6749 §5.2). */
const oauthError =
  (status: number, error: string, headers?: Readonly<Record<string, string>>): Answer =>
  (_request, response) =>
    sendJson(response, status, { error, error_description: 'Refused by the sandbox.' }, headers);

/** Answers with a status, and with a page where there is one, as a login or a proxy would. */
const plain =
  (status: number, page = '', headers: Readonly<Record<string, string>> = {}): Answer =>
  (_request, response) => {
    const type = page === '' ? {} : { 'Content-Type': 'text/html' };
    response.writeHead(status, { ...type, ...headers }).end(page);
  };

/** Cuts the connection. */
const reset: Answer = (request) => {
  request.socket.resetAndDestroy();
};

/** Keeps the caller waiting until it hangs up. */
const hang: Answer = () => undefined;

/** Every fault that can be switched on by name. */
export const EGAIN_FAULTS: Readonly<Record<string, EgainFault>> = {
  unauthorized: { does: 'GET /accounts refuses every token: 401', accounts: envelope('401-101') },
  forbidden: {
    does: 'GET /accounts says that a scope is missing: 403',
    accounts: envelope('403-197'),
  },
  'bad-request': { does: 'GET /accounts refuses the request: 400', accounts: envelope('400-101') },
  throttled: {
    does: '429 with Retry-After: 60',
    accounts: envelope('429-001', { 'Retry-After': '60' }),
  },
  'throttled-reset': {
    does: '429 with X-RateLimit-Reset, a date-time a minute ahead',
    accounts: (request, response) =>
      envelope('429-001', {
        'X-RateLimit-Limit': '10',
        'X-RateLimit-Remaining': '0',
        'X-RateLimit-Reset': new Date(Date.now() + 60_000).toISOString(),
      })(request, response),
  },
  'throttled-bare': { does: '429 without a time to wait', accounts: plain(429) },
  'server-error': { does: '500 in the envelope', accounts: envelope('500-100') },
  unavailable: { does: '503 without an envelope', accounts: plain(503, '<html>Busy</html>') },
  'echoes-token': {
    does: '500 whose message repeats the Authorization header',
    accounts: (request, response) =>
      sendEnvelope(response, '500-100', {}, `Failed for ${request.headers.authorization ?? ''}`),
  },
  'connection-reset': { does: 'cuts the connection without an answer', accounts: reset },
  hang: { does: 'accepts the request and never answers', accounts: hang },
  'stalled-body': {
    does: 'sends the headers and half of a body, then nothing',
    accounts: (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.write('{"paginationInfo":{"count":1,');
    },
  },
  'truncated-body': {
    does: 'cuts the connection in the middle of the body',
    accounts: (request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '1000' });
      response.write('{"paginationInfo":{"count":1,', () => request.socket.destroy());
    },
  },
  'not-json': { does: '200 with a page of HTML', accounts: plain(200, '<html>Sign in</html>') },
  'empty-body': { does: '200 with no body', accounts: plain(200) },
  'wrong-shape': {
    does: '200 with JSON of another shape',
    accounts: (_request, response) => sendJson(response, 200, { accounts: [] }),
  },
  'account-without-name': {
    does: 'one account of each page lacks its name; partners still get the list',
    page: ({ account: [first, ...others], ...page }) => ({
      ...page,
      account: [{ ...first, name: undefined }, ...others],
    }),
  },
  redirect: { does: '302 to another address', accounts: plain(302, '', { Location: '/login' }) },
  'too-large': { does: 'a body that does not end', accounts: endlessBody },
  'gzip-bomb': { does: 'a few hundred KB that unpack to 256 MB', accounts: gzipBomb },
  'pages-repeat': {
    does: 'page 1 for every page that is asked for',
    page: (page, _pagenum, all) => ({ ...page, account: all.slice(0, page.account.length) }),
  },
  'pages-endless': {
    does: 'full pages of new accounts, without an end',
    page: (page, pagenum, all) => ({
      ...page,
      account: Array.from({ length: page.paginationInfo.pagesize ?? 1 }, (_, row) => ({
        ...(all[row % all.length] as AccountsPage['account'][number]),
        id: `endless-${pagenum}-${row}`,
      })),
    }),
  },
  'pages-short': {
    does: 'the pages end before all promised accounts have come',
    page: (page, pagenum) => ({
      paginationInfo: { ...page.paginationInfo, count: page.paginationInfo.count + 1000 },
      account: pagenum === 1 ? page.account : [],
    }),
  },
  'count-as-pages': {
    does: 'paginationInfo.count counts pages instead of records; partners still get the true list',
    page: (page) => {
      const { count, pagesize } = page.paginationInfo;
      const pages = Math.ceil(count / (pagesize ?? 1));
      return { ...page, paginationInfo: { ...page.paginationInfo, count: pages } };
    },
  },
  'token-invalid-client': {
    does: 'the token endpoint refuses the client',
    token: oauthError(401, 'invalid_client'),
  },
  'token-invalid-scope': {
    does: 'the token endpoint refuses the scope',
    token: oauthError(400, 'invalid_scope'),
  },
  'token-unauthorized-client': {
    does: 'the token endpoint refuses this grant for the client',
    token: oauthError(400, 'unauthorized_client'),
  },
  'token-not-json': {
    does: 'the token endpoint answers HTML',
    token: plain(200, '<html>Sign in</html>'),
  },
  'token-throttled': {
    does: 'the token endpoint throttles: 429 with Retry-After: 60',
    token: oauthError(429, 'slow_down', { 'Retry-After': '60' }),
  },
  'token-unavailable': {
    does: 'the token endpoint fails: 503',
    token: oauthError(503, 'temporarily_unavailable'),
  },
  'token-reset': { does: 'the token endpoint cuts the connection', token: reset },
  'token-hang': { does: 'the token endpoint never answers', token: hang },
  'secret-missing': {
    does: 'Secrets Manager has no such secret',
    secret: { error: 'ResourceNotFoundException' },
  },
  'secret-denied': {
    does: 'Secrets Manager denies the read',
    secret: { error: 'AccessDeniedException' },
  },
  'secret-throttled': {
    does: 'Secrets Manager throttles the read',
    secret: { error: 'ThrottlingException' },
  },
  'secret-malformed': {
    does: "the secret's value is not JSON",
    secret: { value: 'clientId=sandbox' },
  },
};

/** Sends an error in eGain's envelope; its status is the first part of the code. */
export function sendEnvelope(
  response: ServerResponse,
  code: string,
  headers: Readonly<Record<string, string>> = {},
  developerMessage = `The sandbox answers ${code}.`,
): void {
  sendJson(response, Number(code.slice(0, 3)), { code, developerMessage }, headers);
}

/** Sends as much as the caller takes. */
function endlessBody(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.write('{"account":[');
  const chunk = `${' '.repeat(1 << 16)}\n`;
  const send = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', send);
  send();
}

/** Sends a small body that unpacks to 256 MB. */
function gzipBomb(_request: IncomingMessage, response: ServerResponse): void {
  // A gzip stream may have any number of members (RFC 1952 §2.2).
  const member = gzipSync(Buffer.alloc(1 << 20, ' '));
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' });
  response.end(Buffer.concat(Array.from({ length: 256 }, () => member)));
}
