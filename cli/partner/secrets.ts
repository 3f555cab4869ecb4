import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import {
  AddUserPoolClientSecretCommand,
  type ClientSecretDescriptorType,
  DeleteUserPoolClientSecretCommand,
  ListUserPoolClientSecretsCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { type Aws, asked } from '../aws/clients.ts';
import type { PartnerClient } from '../aws/partner-client.ts';
import { CommandFailure } from '../program.ts';

/**
 * Gives the client a second secret; the first one still works.
 *
 * @returns the new secret, for a file
 * @throws CommandFailure where it has two already, or AWS refuses
 */
export async function addSecret(aws: Aws, client: PartnerClient): Promise<string> {
  if ((await secretsOf(aws, client)).length > 1) {
    throw new CommandFailure(
      'The partner has two secrets already: end the old one first, with rotate --finish.',
    );
  }
  const { ClientSecretDescriptor: added } = await asked(
    aws.cognito.send(new AddUserPoolClientSecretCommand(client)),
    'cognito-idp:AddUserPoolClientSecret',
  );
  if (added?.ClientSecretValue !== undefined) return added.ClientSecretValue;
  throw new CommandFailure(
    "Cognito does not return the new secret; the console's page of the app client shows it.",
  );
}

/**
 * Ends the older of two secrets.
 *
 * @throws CommandFailure where there are not two, or AWS refuses
 */
export async function endOldSecret(aws: Aws, client: PartnerClient): Promise<void> {
  const [old, ...newer] = (await secretsOf(aws, client)).toSorted((a, b) => madeAt(a) - madeAt(b));
  if (old?.ClientSecretId === undefined || newer.length === 0) {
    throw new CommandFailure('The partner has only one secret: there is no old one to end.');
  }
  const { ClientSecretId } = old;
  await asked(
    aws.cognito.send(new DeleteUserPoolClientSecretCommand({ ...client, ClientSecretId })),
    'cognito-idp:DeleteUserPoolClientSecret',
  );
}

function madeAt({ ClientSecretCreateDate: date }: ClientSecretDescriptorType): number {
  return date?.getTime() ?? 0;
}

/** The client's secrets, without their values. */
export async function secretsOf(
  { cognito }: Aws,
  client: PartnerClient,
): Promise<readonly ClientSecretDescriptorType[]> {
  // A client has two at most, so there is one page.
  const { ClientSecrets = [] } = await asked(
    cognito.send(new ListUserPoolClientSecretsCommand(client)),
    'cognito-idp:ListUserPoolClientSecrets',
  );
  return ClientSecrets;
}

const OWNER_ONLY = 0o600;

/**
 * Refuses an existing file before a new secret is made for it.
 *
 * @throws CommandFailure
 */
export function refuseExisting(path: string): void {
  if (!existsSync(path)) return;
  throw new CommandFailure(
    `${path} exists and may hold a secret: remove it, or name another file with --out <file>.`,
  );
}

/**
 * Writes the credentials to a new file that only its owner may read.
 *
 * @throws CommandFailure where the file can't be written
 */
export function writeSecretFile(path: string, content: Readonly<Record<string, string>>): void {
  try {
    writeFileSync(path, '', { flag: 'wx', mode: OWNER_ONLY });
    // The umask narrows the mode that a new file gets, and some file systems ignore it.
    chmodSync(path, OWNER_ONLY);
    writeFileSync(path, `${JSON.stringify(content, null, 2)}\n`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandFailure(
      `${path} can't be written (${code}): name another file with --out <file>.`,
    );
  }
}
