import { Fault, type FaultName, type FaultOptions } from '../faults.ts';
import { type AttemptResult, isThrottling, statedWait } from './send.ts';
import type { UpstreamEnvelope } from './words.ts';

/** How long to leave alone a server that throttles and names no wait. */
const UNSTATED_SECONDS = 10;
const LONGEST_SECONDS = 3600;

/**
 * OAuth's error codes by the fault that each makes, for the functions and the doctor.
 *
 * @see RFC 6749, sections 4.1.2.1 and 5.2; RFC 8707, section 2; RFC 8628, section 3.5
 * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow for
 *   `invalid_resource`
 */
export const OAUTH_FAULTS: ReadonlyMap<string, FaultName> = new Map([
  ['invalid_client', 'egainCredentialsRefused'],
  ['invalid_scope', 'egainScopeInsufficient'],
  ['invalid_resource', 'egainScopeInsufficient'],
  ['invalid_target', 'egainScopeInsufficient'],
  ['unauthorized_client', 'egainScopeInsufficient'],
  ['access_denied', 'egainScopeInsufficient'],
  ['invalid_request', 'egainContractBroken'],
  ['invalid_grant', 'egainContractBroken'],
  ['unsupported_grant_type', 'egainContractBroken'],
  ['temporarily_unavailable', 'egainUnavailable'],
  ['server_error', 'egainUnavailable'],
  ['slow_down', 'egainThrottled'],
]);

/**
 * How connecting ends where nothing lets it out: no route, no NAT gateway, a security group, no name
 * server. A server that is away refuses or resets instead.
 */
export const NO_WAY_OUT = /^(?:ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|EAI_AGAIN)$/;

/** eGain refuses the credentials, or grants them too little. */
export const SHUT_OUT: readonly FaultName[] = ['egainCredentialsRefused', 'egainScopeInsufficient'];

interface FailureContext {
  readonly server: 'eGain' | 'the token endpoint';
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** eGain's error envelope, where it sent a usable one. */
  readonly envelope?: UpstreamEnvelope | undefined;
  /** The OAuth error code that the token endpoint sent. */
  readonly oauthError?: string | undefined;
}

/**
 * The fault for a request to eGain's API or its token endpoint that failed or was refused. eGain's
 * words go to callers from whom nothing is hidden; the token endpoint's go to nobody.
 */
export function failureToFault(
  result: AttemptResult,
  { server, now, envelope, oauthError = '' }: FailureContext,
): Fault {
  if (result.kind === 'timeout') {
    return new Fault('timedOut', { reason: `${server} did not answer in time` });
  }
  if (result.kind === 'network-error') {
    const { during, errorCode } = result;
    const what = NO_WAY_OUT.test(errorCode)
      ? 'cannot be reached, as where there is no way out'
      : 'cannot be reached';
    return new Fault('egainUnavailable', { reason: `${server} ${what}: ${during} ${errorCode}` });
  }
  if (result.kind === 'unreadable') {
    const reason = `the answer of ${server} is not HTTP: ${result.errorCode}`;
    return new Fault('egainContractBroken', { reason });
  }
  const { status, waitTooLong } = result;
  const named = OAUTH_FAULTS.get(oauthError);
  const reason = `${server} answered ${status}${named === undefined ? '' : ` ${oauthError}`}`;
  const options = { reason, ...wordsOf(envelope) };
  if (isThrottling(result) || waitTooLong || named === 'egainThrottled') {
    const waitMs = statedWait(result, now) ?? UNSTATED_SECONDS * 1000;
    const retryAfterSeconds = Math.min(LONGEST_SECONDS, Math.max(1, Math.ceil(waitMs / 1000)));
    return new Fault('egainThrottled', { ...options, retryAfterSeconds });
  }
  if (status >= 500) {
    // Nobody else could pass on a status above 599.
    const words = envelope && status < 600 && passedOn(status, envelope);
    return new Fault('egainUnavailable', { reason, ...words });
  }
  const kind = named ?? refusalOf(status);
  // A walk takes a refused page for the end of the list, but never a refused token request.
  return new Fault(kind, { ...options, ...(server === 'eGain' && { refusedBy: status }) });
}

function refusalOf(status: number): FaultName {
  if (status === 401) return 'egainCredentialsRefused';
  return status === 403 ? 'egainScopeInsufficient' : 'egainContractBroken';
}

/** eGain's 5xx goes on under its own code; our texts stand in for those that it left out. */
function passedOn(status: number, envelope: UpstreamEnvelope): FaultOptions {
  const { code, developerMessage, userMessage, details } = envelope;
  const inFull = {
    ...(developerMessage !== undefined && { developerMessage }),
    ...(userMessage !== undefined && { userMessage }),
    details,
  };
  return { reason: `eGain answered ${code}`, passedOn: { code, status }, inFull };
}

/** eGain's code goes to every caller, its message to callers from whom nothing is hidden. */
function wordsOf(envelope: UpstreamEnvelope | undefined): FaultOptions {
  if (envelope === undefined) return {};
  const code = { key: 'egain.code', value: envelope.code };
  const { developerMessage } = envelope;
  if (developerMessage === undefined) return { details: [code] };
  const message = { key: 'egain.developerMessage', value: developerMessage };
  return { details: [code], inFull: { details: [code, message] } };
}
