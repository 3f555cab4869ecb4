import type { ServerResponse } from 'node:http';
import { listen, readBody, sendJson } from '../local-server.ts';

/** An error of Secrets Manager's, or a value in place of the stored one. */
export interface SecretFault {
  readonly error?: { readonly status: number; readonly type: string; readonly message: string };
  readonly value?: string;
}

/** An endpoint that speaks Secrets Manager's protocol and keeps one secret under any name. */
export interface LocalSecretsManager {
  readonly url: string;
  /** How often the secret was asked for. */
  readonly calls: number;
  /** Stores a new version of the value. */
  put(value: string): void;
  /** What the next reads meet; `undefined` ends it. */
  setFault(fault: SecretFault | undefined): void;
  readonly close: () => Promise<void>;
}

const NOT_FOUND = {
  status: 400,
  type: 'ResourceNotFoundException',
  message: "Secrets Manager can't find the specified secret.",
};

/**
 * Starts the endpoint on loopback. It takes any signature.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
 */
export async function startSecretsManager(initial?: string): Promise<LocalSecretsManager> {
  let value = initial;
  let version = 1;
  let calls = 0;
  let fault: SecretFault | undefined;

  const local = await listen(async (request, response) => {
    const body = await readBody(request);
    const target = String(request.headers['x-amz-target'] ?? '').replace(/^secretsmanager\./, '');
    if (target !== 'GetSecretValue') {
      sendError(response, {
        status: 400,
        type: 'InvalidRequestException',
        message: 'This endpoint knows GetSecretValue alone.',
      });
      return;
    }
    calls += 1;
    const secretId = secretIdOf(body);
    if (fault?.error !== undefined) return sendError(response, fault.error);
    const secretString = fault?.value ?? value;
    if (secretString === undefined || secretId === undefined) {
      return sendError(response, NOT_FOUND);
    }
    sendJson(
      response,
      200,
      {
        ARN: secretId,
        Name: secretId.split(':').at(-1),
        VersionId: `00000000-0000-4000-8000-${String(version).padStart(12, '0')}`,
        VersionStages: ['AWSCURRENT'],
        CreatedDate: 1_600_000_000,
        SecretString: secretString,
      },
      { 'Content-Type': 'application/x-amz-json-1.1' },
    );
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

function secretIdOf(body: Buffer | undefined): string | undefined {
  try {
    const input = JSON.parse(body?.toString('utf8') ?? '') as { SecretId?: unknown };
    return typeof input.SecretId === 'string' ? input.SecretId : undefined;
  } catch {
    return undefined;
  }
}

function sendError(
  response: ServerResponse,
  error: { readonly status: number; readonly type: string; readonly message: string },
): void {
  sendJson(
    response,
    error.status,
    { __type: error.type, Message: error.message },
    { 'Content-Type': 'application/x-amz-json-1.1', 'x-amzn-ErrorType': error.type },
  );
}
