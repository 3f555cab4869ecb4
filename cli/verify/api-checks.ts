import { FAULTS } from '../../lambda/faults.ts';
import { parseJson } from '../../lambda/platform/parse.ts';
import { SLOW_MS } from '../../lib/observability/alarms.ts';
import { type Finding, failed, ok } from '../findings.ts';
import { member } from '../json.ts';
import type { PartnerAccess } from './partner-access.ts';

/** The API of a stage, as a partner sees it. */
export interface Api {
  /** Its base with the stage, without a slash at the end. */
  readonly url: string;
  /** The age in seconds from which the alarm StaleTooLong rings. */
  readonly tooOldSeconds: number;
  /** Where eGain's credentials go, for advice. */
  readonly secretArn: string | undefined;
}

/** An answer of the API or the token endpoint. */
interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Undefined where the body is not JSON. */
  readonly body: unknown;
  readonly milliseconds: number;
}

/** API Gateway does not wait longer. */
const LONGEST_MS = 35_000;

/** Sends one request, and measures how long the answer takes. @throws where nothing answers */
export async function ask(url: string, init: RequestInit = {}): Promise<HttpAnswer> {
  const began = performance.now();
  const signal = AbortSignal.timeout(LONGEST_MS);
  const answer = await fetch(url, { ...init, redirect: 'manual', signal });
  const text = await answer.text();
  const milliseconds = Math.round(performance.now() - began);
  return { status: answer.status, headers: answer.headers, body: parseJson(text), milliseconds };
}

/** What a check found whose request got no answer. */
export function noAnswer(error: unknown): Finding<never> {
  const code = member(error, 'cause', 'code');
  const name = error instanceof Error ? error.name : 'UnknownError';
  return failed(
    `no answer: ${typeof code === 'string' ? code : name}`,
    'Does this machine reach it? A new DNS record takes a while; --api-url and --token-url name other addresses.',
  );
}

/** Gets a token as the partner would (RFC 6749 §4.4). */
export async function checkToken(access: PartnerAccess): Promise<Finding<string>> {
  const { tokenUrl, clientId, clientSecret, scope } = access;
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
    ...(scope === '' ? {} : { scope }),
  });
  const answer = await ask(tokenUrl, { method: 'POST', body });
  const token = member(answer.body, 'access_token');
  if (typeof token === 'string') {
    const life = member(answer.body, 'expires_in');
    const seconds = typeof life === 'number' ? ` for ${life} s` : '';
    return ok(`granted${seconds} in ${answer.milliseconds} ms`, { value: token });
  }
  const error = member(answer.body, 'error');
  const said = typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) ? ` (${error})` : '';
  const advice =
    "Compare the partner's client id, secret and scopes with the issuer's; --scope asks for another scope.";
  return failed(`the issuer answered ${answer.status}${said}`, advice);
}

/** Whether the contract is served without a token. */
export async function checkContract(api: Api): Promise<Finding<never>> {
  const answer = await ask(`${api.url}/openapi.json`);
  const version = member(answer.body, 'info', 'version');
  return answer.status === 200 && typeof version === 'string'
    ? ok(`200, version ${version}, in ${answer.milliseconds} ms`)
    : unexpected(answer, api);
}

/**
 * Whether the list comes, and is as fresh and as fast as the alarms demand.
 *
 * @returns the id of an account in it
 */
export async function checkList(api: Api, token: string): Promise<Finding<string>> {
  const answer = await ask(`${api.url}/accounts?pagesize=10`, bearer(token));
  const { status, headers, body, milliseconds } = answer;
  const count = member(body, 'paginationInfo', 'count');
  const rows = member(body, 'account');
  if (status !== 200 || typeof count !== 'number' || !Array.isArray(rows)) {
    return unexpected(answer, api);
  }
  const id: unknown = rows.map((row) => member(row, 'id')).find((one) => typeof one === 'string');
  const value = typeof id === 'string' ? { value: id } : {};
  const age = Number(headers.get('age') ?? 0);
  const version = headers.get('accounts-version');
  const told = version === null ? '' : `, version ${version}`;
  const seen = `200, ${count} accounts, ${age} s old${told}, in ${milliseconds} ms`;
  const problem = listProblem(api, age, version, milliseconds);
  if (problem !== undefined) return { ...failed(seen, problem), ...value };
  const empty = 'this partner sees no account: is its account rule right?';
  return ok(seen, { ...value, notes: count === 0 ? [empty] : [] });
}

function listProblem(
  { tooOldSeconds }: Api,
  age: number,
  version: string | null,
  milliseconds: number,
): string | undefined {
  if (version === null) {
    return 'The answer lacks Accounts-Version: an older version may have answered. Deploy again.';
  }
  if (age > tooOldSeconds) {
    const when = `Older than ${tooOldSeconds} s, when the alarm StaleTooLong rings`;
    return `${when}: npm run doctor says why eGain gives no newer list.`;
  }
  if (milliseconds < SLOW_MS) return undefined;
  const when = `Slower than ${SLOW_MS} ms, when the alarm NearDeadline rings`;
  return `${when}: docs/operations.md, NearDeadline.`;
}

/** Whether an account is found by its id. */
export async function checkById(api: Api, token: string, id: string): Promise<Finding<never>> {
  const answer = await ask(`${api.url}/accounts/${encodeURIComponent(id)}`, bearer(token));
  return answer.status === 200 && member(answer.body, 'id') === id
    ? ok(`200, the account of the list, in ${answer.milliseconds} ms`)
    : unexpected(answer, api);
}

/** Whether a wrong request is refused with the contract's envelope. */
export async function checkRefusal(
  api: Api,
  code: string,
  path: string,
  token?: string,
): Promise<Finding<never>> {
  const answer = await ask(`${api.url}${path}`, token === undefined ? {} : bearer(token));
  const right =
    faultCode(answer.body) === code &&
    answer.status === Number(code.slice(0, 3)) &&
    answer.headers.has('x-correlation-id');
  return right ? ok(`${code}, as it should be`) : unexpected(answer, api);
}

function bearer(token: string): RequestInit {
  return { headers: { Authorization: `Bearer ${token}` } };
}

function unexpected({ status, body, headers }: HttpAnswer, api: Api): Finding<never> {
  const code = faultCode(body);
  const id = headers.get('x-correlation-id');
  const named = id !== null && /^[\w.:-]{1,128}$/.test(id) ? `, X-Correlation-Id ${id}` : '';
  const what = code === undefined ? "without the contract's envelope" : `(${code})`;
  return failed(
    `${status} ${what}${named}`,
    code === undefined && status < 400
      ? 'Is this the API of the stage? --api-url names another.'
      : adviceForCode(code, api.secretArn),
  );
}

/** An error's code, where it has the form of one of the product's. */
export function faultCode(body: unknown): string | undefined {
  const code = member(body, 'code');
  return typeof code === 'string' && /^\d{3}-\d{1,4}$/.test(code) ? code : undefined;
}

const ADVICE: Readonly<Record<string, string>> = {
  '401-901':
    'The API does not accept the token. If issuer or audience changed after the deploy, deploy again.',
  '403-901':
    'The API does not know the client. Deploy after adding a partner; the authorizer keeps an answer for 60 s.',
  '500-902':
    'Put {"clientId":"…","clientSecret":"…"} into the secret: aws secretsmanager put-secret-value --secret-id <CredentialsSecretArn> --secret-string file://<file>',
  '503-901':
    'eGain is throttling, or egain.callsPerMinute is spent: try again later, and raise cache.freshSeconds.',
};

/** What a deployer does about an error's code; docs/errors.md lists all codes. */
export function adviceForCode(code = '', secretArn = '<CredentialsSecretArn>'): string {
  const advice = ADVICE[code];
  if (advice !== undefined) return advice.replace('<CredentialsSecretArn>', secretArn);
  const fault = Object.values(FAULTS).find((row) => row.code === code);
  return fault !== undefined && fault.status > 500
    ? `${fault.developerMessage} npm run doctor says why.`
    : 'docs/errors.md says what it means; the log query "Why requests failed" shows the rest.';
}
