import { OAUTH_FAULTS } from '../lambda/egain/failure.ts';
import type { AttemptResult, UpstreamResponse } from '../lambda/egain/send.ts';
import { throttled } from '../lambda/egain/send.ts';
import type { TokenEndpoint } from '../lambda/egain/token.ts';
import type { FaultName } from '../lambda/faults.ts';
import { parseJson } from '../lambda/platform/util.ts';
import { familyOfScope, familyOfUrl, SCOPE_FORMS } from './egain-family.ts';

/** Why there is no token, and what to do about it. */
export interface Refusal {
  readonly cause: string;
  readonly seen: string;
  readonly advice: string;
}

const METADATA = "eGain's Admin Console: Partition, Integration, Client Application, Metadata";

/**
 * What Microsoft Entra, which eGain's commercial token URLs look like, means by its own numbers.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
const ENTRA_CAUSES: Readonly<Record<string, string>> = {
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

/** What the product's own table makes of an error code, by the doctor's names. */
const FAULT_CAUSES: Partial<Readonly<Record<FaultName, string>>> = {
  egainCredentialsRefused: 'secret-wrong',
  egainScopeInsufficient: 'scope-refused',
  egainContractBroken: 'request-refused',
  egainUnavailable: 'egain-unavailable',
  egainThrottled: 'throttled',
};

/** Where a code tells more than its fault. */
const FINER_CAUSES: Readonly<Record<string, string>> = {
  unauthorized_client: 'client-disabled',
  access_denied: 'client-disabled',
  unsupported_grant_type: 'grant-refused',
  invalid_grant: 'grant-refused',
};

/** The cause that an error code of OAuth tells by itself. */
function oauthCause(error: string | undefined): string | undefined {
  const fault = OAUTH_FAULTS.get(error ?? '');
  return fault === undefined ? undefined : (FINER_CAUSES[error ?? ''] ?? FAULT_CAUSES[fault]);
}

const ADVICE: Readonly<Record<string, string>> = {
  'token-url': `Copy egain.tokenUrl from ${METADATA}. Each tenant has its own.`,
  'client-unknown': `The token URL or the client id is of another tenant: copy both from ${METADATA}.`,
  'client-disabled':
    'Enable the client application, and its client-credentials grant, in the Admin Console.',
  'secret-wrong':
    'Compare client id and secret with what eGain showed. It shows a secret once: when in doubt, ' +
    'make a new one and put it into the secret (docs/operations.md, Rotating the client secret).',
  'secret-expired':
    'Make a new client secret in the Admin Console and put it into the secret ' +
    '(docs/operations.md, Rotating the client secret).',
  'scope-refused': `Copy egain.scope from ${METADATA}, where it stands beside the token URL.`,
  'client-authentication':
    'Set egain.clientAuthentication to "body", the way that eGain documents, or to "basic".',
  'grant-refused':
    'Allow the client application the client-credentials grant in the Admin Console.',
  'egain-unavailable': 'Try again later; the setup is not known to be wrong.',
  throttled: 'Wait a minute and try again.',
  'request-refused': `Compare egain.tokenUrl and egain.scope with ${METADATA}.`,
};

/**
 * Names the cause of a token that was not granted.
 *
 * @param now milliseconds since the epoch
 */
export function diagnoseRefusal(
  result: AttemptResult,
  endpoint: TokenEndpoint,
  now: number,
): Refusal {
  if (result.kind === 'timeout') {
    return {
      cause: 'timeout',
      seen: 'the token endpoint takes the request and does not answer in time',
      advice: 'Try again; if it stays, ask eGain, or whoever runs the proxy in between.',
    };
  }
  if (result.kind === 'network-error') {
    return {
      cause: 'unreachable',
      seen: `the connection to the token endpoint broke (${result.errorCode})`,
      advice: 'Try again; if it stays, look at the firewall or proxy in between.',
    };
  }
  return diagnoseAnswer(result, endpoint, now);
}

function diagnoseAnswer(answer: UpstreamResponse, endpoint: TokenEndpoint, now: number): Refusal {
  const { status, headers, text } = answer;
  const { error, entra } = errorOf(text);
  const said = [error, entra === undefined ? undefined : `AADSTS${entra}`]
    .filter(Boolean)
    .join(', ');
  const seen = `the token endpoint answered ${status}${said === '' ? '' : ` (${said})`}`;
  if (status === 429) {
    const { retryAfterSeconds } = throttled(status, headers, now, { reason: seen });
    return { cause: 'throttled', seen, advice: `Wait ${retryAfterSeconds} s and try again.` };
  }
  if (status >= 500) {
    return {
      cause: 'egain-unavailable',
      seen,
      advice: 'Try again later; the setup is not known to be wrong.',
    };
  }
  const named = ENTRA_CAUSES[entra ?? ''] ?? (status >= 400 ? oauthCause(error) : undefined);
  const cause = named ?? unnamedCause(status, text);
  const described = named === undefined ? `${seen}${shapeOf(answer)}` : seen;
  if (cause === 'scope-refused' || cause === 'request-refused') {
    const mixed = mixedFamilies(endpoint);
    if (mixed !== undefined) return { cause: 'scope-family', seen: described, advice: mixed };
  }
  return { cause, seen: described, advice: ADVICE[cause] ?? '' };
}

/** Where neither RFC 6749's code nor Entra's number says it, the status does. */
function unnamedCause(status: number, text: string | null): string {
  if (status === 401) return 'secret-wrong';
  if (status === 403) return 'client-disabled';
  const isJson = parseJson(text) !== undefined;
  return status === 400 && isJson ? 'request-refused' : 'token-url';
}

function shapeOf({ headers, text, unread, status }: UpstreamResponse): string {
  if (status >= 300 && status < 400) return ', a redirect';
  if (unread === 'too-large') return ' with too long a body';
  if (text === '') return ' without a body';
  if (/html/i.test(headers.get('content-type') ?? '')) return ' with a page of HTML';
  return parseJson(text) === undefined
    ? ' with a body that is not JSON'
    : ' with JSON that is no token';
}

function mixedFamilies({ tokenUrl, scope }: TokenEndpoint): string | undefined {
  const wanted = familyOfUrl(tokenUrl);
  const given = familyOfScope(scope);
  if (wanted === undefined || given === undefined || wanted === given) return undefined;
  return (
    `egain.scope has the form of eGain's ${given} environments, but egain.tokenUrl is of a ${wanted} one. ` +
    `There a scope is ${SCOPE_FORMS[wanted]}. Copy it from ${METADATA}.`
  );
}

/** The codes of an error answer, where they have the form of one; its texts are left alone. */
function errorOf(text: string | null): { readonly error?: string; readonly entra?: string } {
  const body = parseJson(text);
  if (typeof body !== 'object' || body === null) return {};
  const { error, error_description: description } = body as Record<string, unknown>;
  const entra = /\bAADSTS(\d{4,8})\b/.exec(typeof description === 'string' ? description : '')?.[1];
  return {
    ...(typeof error === 'string' && OAUTH_FAULTS.has(error) ? { error } : {}),
    ...(entra === undefined ? {} : { entra }),
  };
}
