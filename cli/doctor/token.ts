import type { Credentials } from '../../lambda/egain/credentials.ts';
import type { AttemptResult, UpstreamResponse } from '../../lambda/egain/send.ts';
import { type Grant, requestGrant, type TokenEndpoint } from '../../lambda/egain/token.ts';
import { Fault } from '../../lambda/faults.ts';
import type { Deadline } from '../../lambda/platform/deadline.ts';
import { parseJson } from '../../lambda/platform/parse.ts';
import { type Checked } from '../findings.ts';
import { mixedScope } from './egain-family.ts';
import { createRecorder, jsonMembers, OUT_OF_TIME } from './recorder.ts';
import { fails, holds } from './report.ts';

/** Why there is no token, and what to do about it. */
interface Refusal {
  readonly cause: string;
  readonly seen: string;
  readonly advice: string;
}

const METADATA = "eGain's Admin Console: Partition, Integration, Client Application, Metadata";

/** The causes, and what to do about each. */
const ADVICE = {
  'token-url': `Copy egain.tokenUrl from ${METADATA}. Each tenant has its own.`,
  'client-unknown': `The token URL or the client id is of another tenant: copy both from ${METADATA}.`,
  'client-disabled':
    'Enable the client application, and its client-credentials grant, in the Admin Console.',
  'secret-wrong':
    'Compare client id and secret with what eGain showed. It shows a secret once: if in doubt, ' +
    'make a new one and put it into the secret (docs/operations.md, Rotating the client secret).',
  'secret-expired':
    'Make a new client secret in the Admin Console and put it into the secret ' +
    '(docs/operations.md, Rotating the client secret).',
  'scope-refused': `Copy egain.scope from ${METADATA}, where it stands beside the token URL.`,
  'client-authentication':
    'Set egain.clientAuthentication to "body", which eGain documents, or to "basic".',
  'grant-refused':
    'Allow the client application the client-credentials grant in the Admin Console.',
  'egain-unavailable': 'Try again later. Nothing shows that the setup is wrong.',
  throttled: 'Wait a minute and try again.',
  'request-refused': `Compare egain.tokenUrl and egain.scope with ${METADATA}.`,
} as const satisfies Readonly<Record<string, string>>;

type Cause = keyof typeof ADVICE;

/** What an error code of OAuth means (RFC 6749 §5.2, RFC 8628 §3.5, RFC 8707 §2). */
const OAUTH_CAUSES: Readonly<Record<string, Cause>> = {
  invalid_client: 'secret-wrong',
  invalid_scope: 'scope-refused',
  invalid_resource: 'scope-refused',
  invalid_target: 'scope-refused',
  unauthorized_client: 'client-disabled',
  access_denied: 'client-disabled',
  invalid_request: 'request-refused',
  invalid_grant: 'grant-refused',
  unsupported_grant_type: 'grant-refused',
  temporarily_unavailable: 'egain-unavailable',
  server_error: 'egain-unavailable',
  slow_down: 'throttled',
};

/**
 * What the error numbers of Microsoft Entra mean: eGain's commercial token URLs have its form.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
const ENTRA_CAUSES: Readonly<Record<string, Cause>> = {
  '90002': 'token-url',
  '900023': 'token-url',
  '700016': 'client-unknown',
  '7000112': 'client-disabled',
  '7000215': 'secret-wrong',
  '7000222': 'secret-expired',
  '7000216': 'client-authentication',
  '7000218': 'client-authentication',
  '70011': 'scope-refused',
  '500011': 'scope-refused',
  '650057': 'scope-refused',
  '1002012': 'scope-refused',
};

/** Refusals that may come from how the client was sent. */
const OTHER_WAY_MAY_WORK: ReadonlySet<string> = new Set<Cause>([
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
): Promise<Checked<Grant>> {
  const { clientAuthentication: way } = endpoint;
  const answer = await ask(endpoint, credentials, deadline);
  if ('accessToken' in answer) {
    const { lifeSeconds } = answer;
    const notes = lifeSeconds < 120 ? ['so short a life means a token request every minute'] : [];
    const seen = `eGain granted a token for ${lifeSeconds} s (client by ${way})`;
    return holds(answer, seen, { notes, measured: { lifeSeconds } });
  }
  const { cause, seen, advice } = answer;
  if (!OTHER_WAY_MAY_WORK.has(cause)) return fails(cause, seen, advice);
  const other = way === 'body' ? 'basic' : 'body';
  const otherWay = { ...endpoint, clientAuthentication: other } as const;
  const second = await ask(otherWay, credentials, deadline);
  if ('accessToken' in second) {
    return fails(
      'client-authentication',
      `${seen} when the client goes by ${way}; by ${other} it grants a token`,
      `Set egain.clientAuthentication to "${other}".`,
    );
  }
  const both = OTHER_WAY_MAY_WORK.has(second.cause);
  return fails(cause, both ? `${seen}, whether the client goes by body or basic` : seen, advice);
}

async function ask(
  endpoint: TokenEndpoint,
  credentials: Credentials,
  deadline: Deadline,
): Promise<Grant | Refusal> {
  const { upstream, results } = createRecorder('token');
  try {
    return await requestGrant(endpoint, credentials, upstream, deadline);
  } catch (error) {
    const result = results.at(-1) ?? (deadline.signal.aborted ? OUT_OF_TIME : undefined);
    if (result === undefined) throw error;
    return refusalOf(result, endpoint, error);
  }
}

/** Names the cause of a token that was not granted. */
function refusalOf(result: AttemptResult, endpoint: TokenEndpoint, error: unknown): Refusal {
  if (result.kind === 'timeout') {
    return {
      cause: 'timeout',
      seen: 'the token endpoint takes the request and does not answer in time',
      advice: 'Try again. If it fails again, ask eGain, or whoever runs the proxy in between.',
    };
  }
  if (result.kind === 'network-error') {
    return {
      cause: 'unreachable',
      seen: `the connection to the token endpoint broke (${result.errorCode})`,
      advice: 'Try again. If it fails again, check the firewall or proxy in between.',
    };
  }
  const { status, text } = result;
  const { error: code, entra } = errorOf(text);
  const said = [code, entra === undefined ? undefined : `AADSTS${entra}`]
    .filter(Boolean)
    .join(', ');
  const seen = `the token endpoint answered ${status}${said === '' ? '' : ` (${said})`}`;
  if (status === 429) {
    const seconds = error instanceof Fault ? error.retryAfterSeconds : undefined;
    const advice = seconds === undefined ? ADVICE.throttled : `Wait ${seconds} s and try again.`;
    return { cause: 'throttled', seen, advice };
  }
  if (status >= 500) {
    return { cause: 'egain-unavailable', seen, advice: ADVICE['egain-unavailable'] };
  }
  const named = ENTRA_CAUSES[entra ?? ''] ?? (status >= 400 ? OAUTH_CAUSES[code ?? ''] : undefined);
  const cause = named ?? unnamedCause(status, text);
  const described = named === undefined ? `${seen}${shapeOf(result)}` : seen;
  const mixed =
    cause === 'scope-refused' || cause === 'request-refused' ? mixedScope(endpoint) : undefined;
  if (mixed === undefined) return { cause, seen: described, advice: ADVICE[cause] };
  const advice = `The two do not go together: ${mixed}. Copy both from ${METADATA}.`;
  return { cause: 'scope-family', seen: described, advice };
}

/** The cause by the status, where neither OAuth's code nor Entra's number names one. */
function unnamedCause(status: number, text: string | null): Cause {
  if (status === 401) return 'secret-wrong';
  if (status === 403) return 'client-disabled';
  return status === 400 && parseJson(text) !== undefined ? 'request-refused' : 'token-url';
}

function shapeOf({ headers, text, unread, status }: UpstreamResponse): string {
  if (status >= 300 && status < 400) return ', a redirect';
  if (unread === 'too-large') return ' with too long a body';
  if (text === '') return ' without a body';
  if (/html/i.test(headers['content-type'] ?? '')) return ' with a page of HTML';
  return parseJson(text) === undefined
    ? ' with a body that is not JSON'
    : ' with JSON that is no token';
}

/** The codes of an error answer. Its texts may echo the secret, so they are left alone. */
function errorOf(text: string | null): { readonly error?: string; readonly entra?: string } {
  const { error, error_description: description } = jsonMembers(text);
  const entra = /\bAADSTS(\d{4,8})\b/.exec(typeof description === 'string' ? description : '')?.[1];
  const isKnown = typeof error === 'string' && Object.hasOwn(OAUTH_CAUSES, error);
  return { ...(isKnown ? { error } : {}), ...(entra === undefined ? {} : { entra }) };
}
