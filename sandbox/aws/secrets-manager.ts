import { listen, readBody, sendJson } from '../local-server.ts';

/** The name of an error of Secrets Manager, or a value in place of the stored one. */
export interface SecretFault {
  readonly error?: string;
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
    const body = String(await readBody(request));
    const send = (status: number, answer: object) =>
      sendJson(response, status, answer, { 'Content-Type': 'application/x-amz-json-1.1' });
    if (request.headers['x-amz-target'] !== 'secretsmanager.GetSecretValue') {
      const Message = 'This endpoint knows GetSecretValue only.';
      return send(400, { __type: 'InvalidRequestException', Message });
    }
    calls += 1;
    if (fault?.error !== undefined) {
      return send(400, { __type: fault.error, Message: 'Refused by the sandbox.' });
    }
    const { SecretId } = JSON.parse(body) as { readonly SecretId: string };
    send(200, {
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
