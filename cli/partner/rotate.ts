import {
  AddUserPoolClientSecretCommand,
  type ClientSecretDescriptorType,
  DeleteUserPoolClientSecretCommand,
  ListUserPoolClientSecretsCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import type { Aws } from '../aws/clients.ts';
import { asked, type PartnerClient } from '../aws/partner-client.ts';
import { CommandFailure } from '../command.ts';

/**
 * Gives the client a second secret; the first goes on working.
 *
 * @returns the new secret, for a file
 * @throws CommandFailure where it has two already, or AWS refuses
 */
export async function addSecret(aws: Aws, client: PartnerClient): Promise<string> {
  if ((await secretsOf(aws, client)).length > 1) {
    throw new CommandFailure(
      'The partner has two secrets already: end the old one first, by rotate --finish.',
    );
  }
  const { ClientSecretDescriptor: added } = await asked(
    aws.cognito.send(new AddUserPoolClientSecretCommand(keyOf(client))),
    'cognito-idp:AddUserPoolClientSecret',
  );
  if (added?.ClientSecretValue !== undefined) return added.ClientSecretValue;
  throw new CommandFailure("Cognito does not tell the new secret; the console's app client does.");
}

/**
 * Ends the older of two secrets.
 *
 * @returns when the one that stays was made
 * @throws CommandFailure where there are not two, or AWS refuses
 */
export async function endOldSecret(aws: Aws, client: PartnerClient): Promise<Date | undefined> {
  const [old, ...newer] = (await secretsOf(aws, client)).toSorted((a, b) => madeAt(a) - madeAt(b));
  if (old?.ClientSecretId === undefined || newer.length === 0) {
    throw new CommandFailure('The partner has one secret alone: there is nothing to end.');
  }
  await asked(
    aws.cognito.send(
      new DeleteUserPoolClientSecretCommand({
        ...keyOf(client),
        ClientSecretId: old.ClientSecretId,
      }),
    ),
    'cognito-idp:DeleteUserPoolClientSecret',
  );
  return newer.at(-1)?.ClientSecretCreateDate;
}

/** The client's secrets, without their values. */
export async function secretsOf(
  aws: Aws,
  client: PartnerClient,
): Promise<readonly ClientSecretDescriptorType[]> {
  const secrets: ClientSecretDescriptorType[] = [];
  let NextToken: string | undefined;
  do {
    const page = await asked(
      aws.cognito.send(new ListUserPoolClientSecretsCommand({ ...keyOf(client), NextToken })),
      'cognito-idp:ListUserPoolClientSecrets',
    );
    secrets.push(...(page.ClientSecrets ?? []));
    ({ NextToken } = page);
  } while (NextToken !== undefined);
  return secrets;
}

function madeAt({ ClientSecretCreateDate: date }: ClientSecretDescriptorType): number {
  return date?.getTime() ?? 0;
}

function keyOf({ userPoolId, clientId }: PartnerClient) {
  return { UserPoolId: userPoolId, ClientId: clientId };
}
