import {
  allowInsecureRequests,
  ClientSecretBasic,
  ClientSecretPost,
  clientCredentialsGrantRequest,
  customFetch,
  processClientCredentialsResponse,
} from 'oauth4webapi';
import * as z from 'zod/mini';
import { Fault, type FaultName } from '../../faults.ts';
import type { ServiceConfig } from '../../platform/config.ts';
import type { Deadline } from '../../platform/deadline.ts';
import { isLoopback } from '../../platform/secure-url.ts';
import { parseEndpoint } from '../endpoint.ts';
import { parseJson } from '../envelope.ts';
import { throttled } from '../transport/retry-after.ts';
import type { Result, Upstream } from '../transport/upstream.ts';
import type { Credentials } from './secret-store.ts';

const MAX_BYTES = 256 * 1024;
const YEAR_SECONDS = 31_536_000;
/** The life of a token that does not say, or not believably, how long it lives. */
const UNSTATED_SECONDS = 60;

/** What the token endpoint granted. */
export interface Grant {
  readonly accessToken: string;
  readonly lifeSeconds: number;
}

export type TokenEndpoint = Pick<ServiceConfig, 'tokenUrl' | 'scope' | 'clientAuthentication'>;

/**
 * Asks for a token by the client-credentials grant.
 *
 * @throws Fault `502-901` (client refused), `502-902` (scope refused), `502-903` (not a token
 *   answer, or the request refused), `502-905`, `503-901`, `503-902`, `504-901`
 * @see RFC 6749, sections 2.3.1, 4.4 and 5
 */
export async function requestGrant(
  endpoint: TokenEndpoint,
  credentials: Credentials,
  upstream: Upstream,
  deadline: Deadline,
  now: () => number,
): Promise<Grant> {
  const url = parseEndpoint('EGAIN_TOKEN_URL', endpoint.tokenUrl);
  const server = { issuer: url.origin, token_endpoint: url.href };
  const client = { client_id: credentials.clientId };
  const authentication =
    endpoint.clientAuthentication === 'basic'
      ? ClientSecretBasic(credentials.clientSecret)
      : ClientSecretPost(credentials.clientSecret);
  const response = await clientCredentialsGrantRequest(
    server,
    client,
    authentication,
    { scope: endpoint.scope },
    {
      [allowInsecureRequests]: isLoopback(url),
      [customFetch]: async (href, { headers, body }) => {
        const request = {
          url: href,
          method: 'POST',
          headers,
          body: String(body),
          maxBytes: MAX_BYTES,
        } as const;
        return Response.json(readGranted(await upstream.send(request, deadline), now()));
      },
    },
  );
  const granted = await processClientCredentialsResponse(server, client, response);
  return {
    accessToken: granted.access_token,
    lifeSeconds: granted.expires_in ?? UNSTATED_SECONDS,
  };
}

const grantedSchema = z.object({
  // Visible characters alone: anything else cannot stand in a header.
  access_token: z.string().check(z.regex(/^[\x21-\x7e]+$/)),
  token_type: z.optional(z.nullable(z.string().check(z.regex(/^bearer$/i)))),
  expires_in: z.optional(z.unknown()),
});

/**
 * The granted members in the form that the library demands. eGain does not publish its answer's
 * shape beyond `access_token`, so a missing type is taken for a bearer's, and a life that cannot
 * be believed for a short one.
 */
function readGranted(result: Result, now: number) {
  const { outcome } = result;
  if (outcome.kind !== 'answer' || outcome.status !== 200) throw judgeFailure(result, now);
  const granted = z.safeParse(grantedSchema, parseJson(outcome.text)).data;
  if (granted === undefined) {
    throw new Fault('egainContractBroken', {
      reason: 'the token endpoint did not answer with a bearer token',
    });
  }
  return {
    access_token: granted.access_token,
    token_type: 'bearer',
    expires_in: believableLife(granted.expires_in),
  };
}

function believableLife(stated: unknown): number {
  const digits = typeof stated === 'string' && /^\d+$/.test(stated);
  const seconds = digits ? Number(stated) : stated;
  const believable = typeof seconds === 'number' && seconds > 0 && seconds <= YEAR_SECONDS;
  return believable ? seconds : UNSTATED_SECONDS;
}

/** RFC 6749's error codes by the fault they make. */
const OAUTH_ERRORS: ReadonlyMap<string, FaultName> = new Map([
  ['invalid_client', 'egainCredentialsRefused'],
  ['invalid_scope', 'egainScopeInsufficient'],
  ['unauthorized_client', 'egainScopeInsufficient'],
  ['access_denied', 'egainScopeInsufficient'],
  ['invalid_request', 'egainContractBroken'],
  ['invalid_grant', 'egainContractBroken'],
  ['unsupported_grant_type', 'egainContractBroken'],
]);
const BARE: ReadonlyMap<number, FaultName> = new Map([
  [401, 'egainCredentialsRefused'],
  [403, 'egainScopeInsufficient'],
]);

/** The token endpoint's body decides here and goes no further: it may say more than is fit. */
function judgeFailure({ outcome, waitTooLong }: Result, now: number): Fault {
  if (outcome.kind === 'late') {
    return new Fault('timedOut', { reason: 'the token endpoint did not answer in time' });
  }
  if (outcome.kind === 'broken') {
    return new Fault('egainUnavailable', {
      reason: `the token endpoint cannot be reached: ${outcome.what} ${outcome.errorCode}`,
    });
  }
  const { status, headers, text } = outcome;
  const reason = `the token endpoint answered ${status}`;
  if (status === 429 || waitTooLong) {
    return throttled(status, headers, now, { reason });
  }
  if (status >= 500) return new Fault('egainUnavailable', { reason });
  const named = z.safeParse(z.object({ error: z.string() }), parseJson(text)).data?.error ?? '';
  const code = status >= 400 ? (OAUTH_ERRORS.get(named) ?? BARE.get(status)) : undefined;
  const known = OAUTH_ERRORS.has(named) ? ` ${named}` : '';
  return new Fault(code ?? 'egainContractBroken', { reason: `${reason}${known}` });
}
