import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Account } from '../../lambda/egain/account.ts';
import { clientOf, listen, readBody, sendJson } from '../local-server.ts';
import { EGAIN_FAULTS, sendEnvelope } from './egain-faults.ts';
import { exampleAccounts } from './example-accounts.ts';

const API_PATH = '/conversation/conversationmgr/v3';
const TOKEN_PATH = '/oauth2/v2.0/token';
const TOKEN_SECONDS = 3600;
/** As on eGain's sibling APIs. */
const MAX_PAGE_SIZE = 75;
const DEFAULT_PAGE_SIZE = 25;

export interface EgainOptions {
  /** How many accounts there are, eGain's two examples included. @default 240 */
  readonly accounts?: number | readonly Account[];
  /** Milliseconds before each answer. @default 0 */
  readonly latencyMs?: number;
  /** The client's first secret. @default a random one */
  readonly clientSecret?: string;
}

/** What goes wrong in the calls that follow; nothing when empty. */
interface EgainMode {
  /** `GET /accounts` answers this status. */
  readonly status?: number | undefined;
  /** Milliseconds before each answer of both endpoints, in place of the usual ones. */
  readonly latencyMs?: number | undefined;
  /** A name out of {@link EGAIN_FAULTS}. */
  readonly fault?: string | undefined;
}

export interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** eGain's token endpoint and Conversation Manager on one loopback port. */
export interface SimulatedEgain {
  readonly apiUrl: string;
  readonly tokenUrl: string;
  readonly scope: string;
  /** The client, with its newest secret. */
  readonly credentials: ClientCredentials;
  /** The client's secrets that are taken, the newest first. A test adds and ends them. */
  readonly secrets: string[];
  readonly calls: { readonly token: number; readonly accounts: number };
  readonly mode: EgainMode;
  setMode(mode: EgainMode): void;
  /**
   * Replaces the accounts from the next call on.
   *
   * @param pageSize the page size when none is asked for
   */
  setAccounts(accounts: readonly Account[], pageSize?: number): void;
  /** Ends every token that was given so far. */
  revokeTokens(): void;
  readonly close: () => Promise<void>;
}

/** Starts a simulated eGain as its public documentation describes it. */
export async function startEgain(options: EgainOptions = {}): Promise<SimulatedEgain> {
  const { latencyMs = 0 } = options;
  let pageSize = DEFAULT_PAGE_SIZE;
  const scope = 'https://api.egain.cloud/auth/.default';
  const calls = { token: 0, accounts: 0 };
  const tokens = new Map<string, number>();
  const clientId = `sandbox-${randomBytes(6).toString('hex')}`;
  // Form encoding changes these characters, so a client that forgets to encode fails.
  const secrets = [options.clientSecret ?? `s+/ä:${randomBytes(18).toString('base64url')}`];
  let mode: EgainMode = {};
  let accounts: readonly Account[] =
    typeof options.accounts === 'object'
      ? options.accounts
      : exampleAccounts(options.accounts ?? 240);

  async function token(request: IncomingMessage, response: ServerResponse): Promise<void> {
    calls.token += 1;
    const form = new URLSearchParams((await readBody(request))?.toString('utf8'));
    await pause();
    const fault = EGAIN_FAULTS[mode.fault ?? '']?.token;
    if (fault !== undefined) return fault(request, response);
    const refuse = (status: number, error: string) => sendJson(response, status, { error });
    const grant = form.get('grant_type');
    if (grant !== 'client_credentials') return refuse(400, 'unsupported_grant_type');
    const client = clientOf(request, form);
    if (client.id !== clientId || !secrets.includes(client.secret)) {
      return refuse(401, 'invalid_client');
    }
    if (form.get('scope') !== scope) return refuse(400, 'invalid_scope');
    const accessToken = `egain-token-${randomBytes(24).toString('base64url')}`;
    tokens.set(accessToken, Date.now() + TOKEN_SECONDS * 1000);
    const answer = { token_type: 'Bearer', expires_in: TOKEN_SECONDS, access_token: accessToken };
    sendJson(response, 200, answer);
  }

  async function api(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    calls.accounts += 1;
    await pause();
    const fault = EGAIN_FAULTS[mode.fault ?? '']?.accounts;
    if (fault !== undefined) return fault(request, response);
    if (mode.status !== undefined) return sendStatus(response, mode.status);
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (bearer === undefined) return sendEnvelope(response, '401-104');
    if ((tokens.get(bearer) ?? 0) <= Date.now()) return sendEnvelope(response, '401-101');
    const isList = request.method === 'GET' && url.pathname === `${API_PATH}/accounts`;
    return isList ? list(response, url.searchParams) : sendEnvelope(response, '404-100');
  }

  function list(response: ServerResponse, query: URLSearchParams): void {
    if ([...query.keys()].some((key) => key !== '$pagenum' && key !== '$pagesize')) {
      return sendEnvelope(response, '400-101');
    }
    const pagenum = wholeNumber(query.get('$pagenum') ?? '1');
    const pagesize = wholeNumber(query.get('$pagesize') ?? String(pageSize));
    const largest = Math.max(MAX_PAGE_SIZE, pageSize);
    if (pagenum === undefined || pagesize === undefined || pagesize > largest) {
      return sendEnvelope(response, '400-102');
    }
    const page = {
      paginationInfo: { count: accounts.length, pagenum, pagesize },
      account: accounts.slice((pagenum - 1) * pagesize, pagenum * pagesize),
    };
    const change = EGAIN_FAULTS[mode.fault ?? '']?.page;
    sendJson(response, 200, change === undefined ? page : change(page, pagenum, [...accounts]));
  }

  async function pause(): Promise<void> {
    const ms = mode.latencyMs ?? latencyMs;
    if (ms > 0) await delay(ms);
  }

  const local = await listen(async (request, response) => {
    const url = URL.parse(request.url ?? '/', 'http://127.0.0.1');
    if (url?.pathname === TOKEN_PATH && request.method === 'POST') await token(request, response);
    else if (url?.pathname.startsWith(`${API_PATH}/`)) await api(request, response, url);
    else sendEnvelope(response, '404-100');
  });

  return {
    apiUrl: `${local.url}${API_PATH}`,
    tokenUrl: `${local.url}${TOKEN_PATH}`,
    scope,
    calls,
    secrets,
    get credentials() {
      return { clientId, clientSecret: secrets[0] ?? '' };
    },
    get mode() {
      return mode;
    },
    setMode(next) {
      mode = next;
      if (EGAIN_FAULTS[next.fault ?? '']?.token !== undefined) tokens.clear();
    },
    setAccounts(next, size = DEFAULT_PAGE_SIZE) {
      accounts = next;
      pageSize = size;
    },
    revokeTokens: () => tokens.clear(),
    close: local.close,
  };
}

function wholeNumber(text: string): number | undefined {
  return /^[1-9]\d{0,5}$/.test(text) ? Number(text) : undefined;
}

function sendStatus(response: ServerResponse, status: number): void {
  if (status === 204 || status === 304) response.writeHead(status).end();
  else sendEnvelope(response, `${status}-100`);
}
