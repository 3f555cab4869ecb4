import { SLOW_MS, STALE_TOO_LONG_SECONDS } from '../../lib/observability/alarms.ts';
import type { StageConfig } from '../../lib/stage/stage-config.ts';
import type { CheckFinding } from '../findings.ts';
import { adviceForCode } from './advice.ts';
import { ask, type HttpAnswer, member, networkCode } from './http.ts';
import type { PartnerAccess } from './partner-token.ts';

/** A stage's API, as a partner sees it. */
export interface Api {
  /** Its base with the stage, without a slash at the end. */
  readonly url: string;
  readonly config: StageConfig;
  /** Where eGain's credentials belong, for advice. */
  readonly secretArn: string | undefined;
}

type Checked<T> = { readonly finding: CheckFinding; readonly value?: T };

/** Gets a token as the partner would (RFC 6749 §4.4). */
export async function checkToken(access: PartnerAccess): Promise<Checked<string>> {
  const name = 'token';
  const { tokenUrl, clientId, clientSecret, scope } = access;
  const grant = { grant_type: 'client_credentials', client_id: clientId };
  const body = new URLSearchParams({
    ...grant,
    client_secret: clientSecret,
    ...(scope === '' ? {} : { scope }),
  });
  return guarded(name, async () => {
    const answer = await ask(tokenUrl, { method: 'POST', body });
    const token = member(answer.body, 'access_token');
    if (typeof token === 'string') {
      const life = member(answer.body, 'expires_in');
      const seconds = typeof life === 'number' ? ` for ${life} s` : '';
      return { value: token, finding: ok(name, `granted${seconds} in ${answer.milliseconds} ms`) };
    }
    const error = member(answer.body, 'error');
    const said = typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) ? ` (${error})` : '';
    const seen = `the issuer answered ${answer.status}${said}`;
    const advice =
      "Compare the partner's client id, secret and scopes with the issuer's; --scope asks for another scope.";
    return { finding: { name, state: 'failed', seen, advice } };
  });
}

/** Whether the contract is served, to anybody. */
export async function checkContract(api: Api): Promise<CheckFinding> {
  const name = 'contract';
  const { finding } = await guarded(name, async () => {
    const answer = await ask(`${api.url}/openapi.json`);
    const version = member(member(answer.body, 'info'), 'version');
    if (answer.status === 200 && typeof version === 'string') {
      return { finding: ok(name, `200, version ${version}, in ${answer.milliseconds} ms`) };
    }
    return { finding: unexpected(name, answer, api) };
  });
  return finding;
}

/** What the list was like. */
export interface Listed {
  readonly count: number;
  /** An account of the list; undefined where it is empty. */
  readonly id: string | undefined;
  readonly version: string | undefined;
}

/** Whether the list comes, whole, fresh and in time by what the alarms are set to. */
export async function checkList(api: Api, token: string): Promise<Checked<Listed>> {
  const name = 'list';
  return guarded(name, async () => {
    const answer = await ask(`${api.url}/accounts?pagesize=10`, bearer(token));
    const count = member(member(answer.body, 'paginationInfo'), 'count');
    const rows = member(answer.body, 'account');
    if (answer.status !== 200 || typeof count !== 'number' || !Array.isArray(rows)) {
      return { finding: unexpected(name, answer, api) };
    }
    const version = answer.headers.get('accounts-version') ?? undefined;
    const id: unknown = rows.map((row) => member(row, 'id')).find((one) => typeof one === 'string');
    const finding = judgedList(name, api, answer, count, version);
    return { finding, value: { count, id: typeof id === 'string' ? id : undefined, version } };
  });
}

function judgedList(
  name: string,
  { config: { cache } }: Api,
  { headers, milliseconds }: HttpAnswer,
  count: number,
  version: string | undefined,
): CheckFinding {
  const age = Number(headers.get('age') ?? 0);
  const told = version === undefined ? '' : `, version ${version}`;
  const seen = `200, ${count} accounts, ${age} s old${told}, in ${milliseconds} ms`;
  if (version === undefined) {
    const advice = 'The answer lacks Accounts-Version: does an older version answer? Deploy again.';
    return { name, state: 'failed', seen, advice };
  }
  const oldest = cache.freshSeconds + STALE_TOO_LONG_SECONDS;
  if (age > oldest) {
    const advice = `Older than ${oldest} s, at which the alarm StaleTooLong rings: npm run doctor tells why eGain gives no newer list.`;
    return { name, state: 'failed', seen, advice };
  }
  if (milliseconds >= SLOW_MS) {
    const advice = `Slower than ${SLOW_MS} ms, at which the alarm NearDeadline rings: docs/operations.md, NearDeadline.`;
    return { name, state: 'failed', seen, advice };
  }
  const notes = count === 0 ? ['this partner sees no account: is its account rule right?'] : [];
  return { name, state: 'ok', seen, notes };
}

/** Whether one account can be asked for by its id. */
export async function checkById(api: Api, token: string, id: string): Promise<CheckFinding> {
  const name = 'by id';
  const { finding } = await guarded(name, async () => {
    const answer = await ask(`${api.url}/accounts/${encodeURIComponent(id)}`, bearer(token));
    const same = answer.status === 200 && member(answer.body, 'id') === id;
    return {
      finding: same
        ? ok(name, `200, the account of the list, in ${answer.milliseconds} ms`)
        : unexpected(name, answer, api),
    };
  });
  return finding;
}

/** Whether a question that can't be right is refused, in the contract's own envelope. */
export async function checkRefusal(
  name: string,
  api: Api,
  request: { readonly path: string; readonly token?: string },
  code: string,
): Promise<CheckFinding> {
  const { finding } = await guarded(name, async () => {
    const { path, token } = request;
    const answer = await ask(`${api.url}${path}`, token === undefined ? {} : bearer(token));
    const right =
      member(answer.body, 'code') === code &&
      answer.status === Number(code.slice(0, 3)) &&
      answer.headers.has('x-correlation-id');
    return { finding: right ? ok(name, `${code}, as it should`) : unexpected(name, answer, api) };
  });
  return finding;
}

function bearer(token: string): RequestInit {
  return { headers: { Authorization: `Bearer ${token}` } };
}

function ok(name: string, seen: string): CheckFinding {
  return { name, state: 'ok', seen };
}

function unexpected(name: string, { status, body, headers }: HttpAnswer, api: Api): CheckFinding {
  const code = member(body, 'code');
  const shown = typeof code === 'string' && /^\d{3}-\d{1,4}$/.test(code) ? code : undefined;
  const id = headers.get('x-correlation-id');
  const named = id !== null && /^[\w.:-]{1,128}$/.test(id) ? `, X-Correlation-Id ${id}` : '';
  return {
    name,
    state: 'failed',
    seen: `${status}${shown === undefined ? " without the contract's envelope" : ` (${shown})`}${named}`,
    advice:
      shown === undefined && status < 400
        ? 'Is this the API of the stage? --api-url names another.'
        : adviceForCode(shown, api.secretArn),
  };
}

async function guarded<T>(name: string, check: () => Promise<Checked<T>>): Promise<Checked<T>> {
  try {
    return await check();
  } catch (error) {
    const seen = `no answer: ${networkCode(error)}`;
    const advice =
      'Can this machine reach it? A new DNS record takes a while; --api-url and --token-url name other addresses.';
    return { finding: { name, state: 'failed', seen, advice } };
  }
}
