import type { ServerResponse } from 'node:http';
import { listen, readBody, sendJson } from '../local-server.ts';

/** An error of Secrets Manager, or a value in place of the stored one. */
export interface SecretFault {
  readonly error?: { readonly type: string; readonly message: string };
  readonly value?: string;
}

/** An endpoint that speaks Secrets Manager's protocol and gives one secret for any name. */
export interface LocalSecretsManager {
  readonly url: string;
  /** How often the secret was asked for. */
  readonly calls: number;
  /** Stores a new version of the value. */
  put(value: string): void;
  /** Fails or spoils the reads that follow; `undefined` ends that. */
  setFault(fault: SecretFault | undefined): void;
  readonly close: () => Promise<void>;
}

/**
 * Starts the endpoint on loopback. It takes any signature.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
 */
export async function startSecretsManager(initial: string): Promise<LocalSecretsManager> {
  let value = initial;
  let version = 1;
  let calls = 0;
  let fault: SecretFault | undefined;

  const local = await listen(async (request, response) => {
    const body = (await readBody(request))?.toString('utf8') ?? '';
    if (request.headers['x-amz-target'] !== 'secretsmanager.GetSecretValue') {
      const message = 'This endpoint knows GetSecretValue only.';
      return sendError(response, { type: 'InvalidRequestException', message });
    }
    calls += 1;
    if (fault?.error !== undefined) return sendError(response, fault.error);
    const { SecretId } = JSON.parse(body) as { readonly SecretId: string };
    send(response, 200, {
      ARN: SecretId,
      Name: SecretId.split(':').at(-1),
      VersionId: `00000000-0000-4000-8000-${String(version).padStart(12, '0')}`,
      VersionStages: ['AWSCURRENT'],
      CreatedDate: 1_600_000_000,
      SecretString: fault?.value ?? value,
    });
  });

  return {
    url: local.url,
    get calls() {
      return calls;
    },
    put(next) {
      value = next;
      version += 1;
    },
    setFault(next) {
      fault = next;
    },
    close: local.close,
  };
}

function sendError(
  response: ServerResponse,
  { type, message }: NonNullable<SecretFault['error']>,
): void {
  send(response, 400, { __type: type, Message: message }, { 'x-amzn-ErrorType': type });
}

function send(response: ServerResponse, status: number, body: object, headers = {}): void {
  sendJson(response, status, body, { 'Content-Type': 'application/x-amz-json-1.1', ...headers });
}
