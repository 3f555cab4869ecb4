import type { Credentials } from '../../lambda/egain/credentials.ts';
import type { AttemptResult, UpstreamResponse } from '../../lambda/egain/send.ts';
import { type Grant, requestGrant, type TokenEndpoint } from '../../lambda/egain/token.ts';
import type { Deadline } from '../../lambda/platform/deadline.ts';
import { parseJson } from '../../lambda/platform/parse.ts';
import { type Finding, failed, ok } from '../findings.ts';
import { member } from '../json.ts';
import {
  answered,
  createRecorder,
  isHtml,
  noAnswer,
  OUT_OF_TIME,
  overload,
  TRY_LATER,
} from './answers.ts';
import { mixedScope } from './config.ts';

const METADATA = "eGain's Admin Console: Partition, Integration, Client Application, Metadata";
const NEW_SECRET = 'put it into the secret (docs/operations.md, Rotating the client secret).';

/** The causes, and what to do about each. */
const ADVICE = {
  'token-url': `Copy egain.tokenUrl from ${METADATA}. Each tenant has its own.`,
  'client-unknown': `The token URL or the client id is of another tenant: copy both from ${METADATA}.`,
  'client-disabled':
    'Enable the client application, and its client-credentials grant, in the Admin Console.',
  'secret-wrong':
    'Compare client id and secret with what eGain showed. It shows a secret once: if in doubt, ' +
    `make a new one and ${NEW_SECRET}`,
  'secret-expired': `Make a new client secret in the Admin Console and ${NEW_SECRET}`,
  'scope-refused': `Copy egain.scope from ${METADATA}, where it stands beside the token URL.`,
  'client-authentication':
    'Set egain.clientAuthentication to "body", which eGain documents, or to "basic".',
  'grant-refused':
    'Allow the client application the client-credentials grant in the Admin Console.',
  'egain-unavailable': TRY_LATER,
  throttled: 'Wait a minute and try again.',
  'request-refused': `Compare egain.tokenUrl and egain.scope with ${METADATA}.`,
} as const satisfies Readonly<Record<string, string>>;

type Cause = keyof typeof ADVICE;

/** What an error code of OAuth means (RFC 6749 §5.2, RFC 8628 §3.5, RFC 8707 §2). */
const OAUTH_CAUSES: ReadonlyMap<unknown, Cause> = new Map([
  ['invalid_client', 'secret-wrong'],
  ['invalid_scope', 'scope-refused'],
  ['invalid_resource', 'scope-refused'],
  ['invalid_target', 'scope-refused'],
  ['unauthorized_client', 'client-disabled'],
  ['access_denied', 'client-disabled'],
  ['invalid_request', 'request-refused'],
  ['invalid_grant', 'grant-refused'],
  ['unsupported_grant_type', 'grant-refused'],
  ['temporarily_unavailable', 'egain-unavailable'],
  ['server_error', 'egain-unavailable'],
  ['slow_down', 'throttled'],
]);

/**
 * What the error numbers of Microsoft Entra mean: eGain's commercial token URLs have its form.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
const ENTRA_CAUSES: ReadonlyMap<unknown, Cause> = new Map([
  ['90002', 'token-url'],
  ['900023', 'token-url'],
  ['700016', 'client-unknown'],
  ['7000112', 'client-disabled'],
  ['7000215', 'secret-wrong'],
  ['7000222', 'secret-expired'],
  ['7000216', 'client-authentication'],
  ['7000218', 'client-authentication'],
  ['70011', 'scope-refused'],
  ['500011', 'scope-refused'],
  ['650057', 'scope-refused'],
  ['1002012', 'scope-refused'],
]);

/** Refusals that may come from how the client was sent. */
const OTHER_WAY_MAY_WORK: ReadonlySet<string | undefined> = new Set<Cause>([
  'secret-wrong',
  'client-authentication',
  'request-refused',
  'client-disabled',
]);

/** Whether eGain grants a token; otherwise, which of the known causes it has. */
export async function checkToken(
  endpoint: TokenEndpoint,
  credentials: Credentials,
  deadline: Deadline,
): Promise<Finding<Grant>> {
  const first = await ask(endpoint, credentials, deadline);
  if (!OTHER_WAY_MAY_WORK.has(first.cause)) return first;
  const { clientAuthentication: way } = endpoint;
  const other = way === 'body' ? 'basic' : 'body';
  const otherWay = { ...endpoint, clientAuthentication: other } as const;
  const second = await ask(otherWay, credentials, deadline);
  if (second.state === 'ok') {
    return failed(
      `${first.seen} when the client goes by ${way}; by ${other} it grants a token`,
      `Set egain.clientAuthentication to "${other}".`,
      { cause: 'client-authentication' },
    );
  }
  if (!OTHER_WAY_MAY_WORK.has(second.cause)) return first;
  return { ...first, seen: `${first.seen}, whether the client goes by body or basic` };
}

async function ask(
  endpoint: TokenEndpoint,
  credentials: Credentials,
  deadline: Deadline,
): Promise<Finding<Grant>> {
  const { upstream, results } = createRecorder('token');
  try {
    const grant = await requestGrant(endpoint, credentials, upstream, deadline);
    const { lifeSeconds } = grant;
    const notes = lifeSeconds < 120 ? ['so short a life means a token request every minute'] : [];
    const seen = `eGain granted a token for ${lifeSeconds} s (client by ${endpoint.clientAuthentication})`;
    return ok(seen, { value: grant, notes, measured: { lifeSeconds } });
  } catch (error) {
    const result = results.at(-1) ?? (deadline.signal.aborted ? OUT_OF_TIME : undefined);
    if (result === undefined) throw error;
    return refusalOf(result, endpoint, error);
  }
}

/** Names the cause of a token that was not granted. */
function refusalOf(result: AttemptResult, endpoint: TokenEndpoint, error: unknown): Finding<never> {
  const server = 'the token endpoint';
  if (result.kind !== 'response') return noAnswer(server, result);
  const { oauth, entra } = codesOf(result);
  const codes = [oauth ?? [], entra === undefined ? [] : `AADSTS${entra}`].flat();
  const seen = answered(server, result, codes);
  const overloaded = overload(seen, result, error);
  if (overloaded !== undefined) return overloaded;
  const named =
    ENTRA_CAUSES.get(entra) ?? (result.status >= 400 ? OAUTH_CAUSES.get(oauth) : undefined);
  const cause = named ?? unnamedCause(result);
  const described = named === undefined ? `${seen}${shapeOf(result)}` : seen;
  const mixed =
    cause === 'scope-refused' || cause === 'request-refused' ? mixedScope(endpoint) : undefined;
  if (mixed === undefined) return failed(described, ADVICE[cause], { cause });
  const advice = `The two do not go together: ${mixed}. Copy both from ${METADATA}.`;
  return failed(described, advice, { cause: 'scope-family' });
}

/** The cause by the status, where neither OAuth's code nor Entra's number names one. */
function unnamedCause({ status, text }: UpstreamResponse): Cause {
  if (status === 401) return 'secret-wrong';
  if (status === 403) return 'client-disabled';
  return status === 400 && parseJson(text) !== undefined ? 'request-refused' : 'token-url';
}

function shapeOf(answer: UpstreamResponse): string {
  const { status, text, unread } = answer;
  if (status >= 300 && status < 400) return ', a redirect';
  if (unread === 'too-large') return ' with too long a body';
  if (text === '') return ' without a body';
  if (isHtml(answer)) return ' with a page of HTML';
  return parseJson(text) === undefined
    ? ' with a body that is not JSON'
    : ' with JSON that is no token';
}

/** The known codes of an error answer. Its texts may echo the secret, so they are left alone. */
function codesOf({ text }: UpstreamResponse) {
  const body = parseJson(text);
  const error = member(body, 'error');
  const oauth = typeof error === 'string' && OAUTH_CAUSES.has(error) ? error : undefined;
  const entra = /\bAADSTS(\d{4,8})\b/.exec(String(member(body, 'error_description')))?.[1];
  return { oauth, entra };
}
