import * as z from 'zod/mini';
import { Fault } from '../faults.ts';
import { readAwsKeys } from '../platform/config.ts';
import { type Deadline, within } from '../platform/deadline.ts';
import { parseJson } from '../platform/json.ts';
import { createSingleFlight } from '../platform/single-flight.ts';

/** Client ids by the partner's name. */
export type ClientIds = Readonly<Record<string, string>>;

/**
 * Reads the partners' client ids from Secrets Manager, where they are too many for a function's
 * environment: once, since only a deploy changes them, and again after a failure. The SDK is loaded
 * when it is needed, so that a stage with few partners does not wait for it.
 *
 * @throws Fault `500-902` when the secret is malformed; the SDK's error when it can't be read
 */
export function createClientDirectory(
  secretArn: string,
): (deadline: Deadline) => Promise<ClientIds> {
  const flight = createSingleFlight<ClientIds>();
  let known: ClientIds | undefined;

  const read = async (deadline: Deadline): Promise<ClientIds> => {
    const { GetSecretValueCommand, SecretsManagerClient } = await import(
      '@aws-sdk/client-secrets-manager'
    );
    const client = new SecretsManagerClient({ credentials: async () => readAwsKeys() });
    const command = new GetSecretValueCommand({ SecretId: secretArn });
    const { SecretString = null } = await within(
      client.send(command, { abortSignal: deadline.signal }),
      deadline,
    );
    const ids = z.safeParse(z.record(z.string(), z.string()), parseJson(SecretString));
    if (!ids.success) {
      throw new Fault('misconfigured', { reason: `${secretArn} holds no client ids by name` });
    }
    known = ids.data;
    return known;
  };

  return async (deadline) => known ?? flight.run(deadline, () => read(deadline));
}
