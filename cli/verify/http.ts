import { FAULTS } from '../../lambda/faults.ts';
import { parseJson } from '../../lambda/platform/parse.ts';
import { member } from '../json.ts';

/** An answer of the API or the token endpoint. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Undefined where the body is not JSON. */
  readonly body: unknown;
  readonly milliseconds: number;
}

/** API Gateway does not wait longer. */
const LONGEST_MS = 35_000;

/**
 * Sends one request, and measures how long the answer takes.
 *
 * @throws the system's error where nothing answers
 */
export async function ask(url: string, init: RequestInit = {}): Promise<HttpAnswer> {
  const began = performance.now();
  const answer = await fetch(url, {
    ...init,
    redirect: 'manual',
    signal: AbortSignal.timeout(LONGEST_MS),
  });
  const text = await answer.text();
  const milliseconds = Math.round(performance.now() - began);
  return { status: answer.status, headers: answer.headers, body: parseJson(text), milliseconds };
}

/** The system's code for why a request got no answer. */
export function networkCode(error: unknown): string {
  const code = member(error, 'cause', 'code');
  if (typeof code === 'string') return code;
  return error instanceof Error ? error.name : 'UnknownError';
}

/** The text's code, where it has the form of one of the product's. */
export function faultCode(body: unknown): string | undefined {
  const code = member(body, 'code');
  return typeof code === 'string' && /^\d{3}-\d{1,4}$/.test(code) ? code : undefined;
}

const ADVICE: ReadonlyMap<string, string> = new Map([
  [
    '401-901',
    'The API does not accept the token. If issuer or audience changed after the deploy, deploy again.',
  ],
  [
    '403-901',
    'The API does not know the client. Deploy after adding a partner; the authorizer keeps an answer for 60 s.',
  ],
  [
    '500-902',
    'Put {"clientId":"…","clientSecret":"…"} into the secret: aws secretsmanager put-secret-value --secret-id <CredentialsSecretArn> --secret-string file://<file>',
  ],
  [
    '503-901',
    'eGain is throttling, or egain.callsPerMinute is spent: try again later, and raise cache.freshSeconds.',
  ],
]);

/** What a deployer does about an error's code; docs/errors.md lists all codes. */
export function adviceForCode(code: string | undefined, secretArn: string | undefined): string {
  const advice = ADVICE.get(code ?? '');
  if (advice !== undefined) return advice.replace('<CredentialsSecretArn>', secretArn ?? '$&');
  const fault = Object.values(FAULTS).find((row) => row.code === code);
  return fault !== undefined && fault.status > 500
    ? `${fault.developerMessage} npm run doctor says why.`
    : 'docs/errors.md says what it means; the log query "Why requests failed" shows the rest.';
}
