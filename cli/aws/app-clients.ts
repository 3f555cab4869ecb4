import {
  AddUserPoolClientSecretCommand,
  type ClientSecretDescriptorType,
  DeleteUserPoolClientSecretCommand,
  DescribeUserPoolClientCommand,
  ListUserPoolClientSecretsCommand,
  paginateListUserPoolClients,
} from '@aws-sdk/client-cognito-identity-provider';
import { partnerResourceName } from '../../lib/stage/stage-name.ts';
import { CommandFailure } from '../program.ts';
import { type Aws, asked, askedPages } from './clients.ts';
import type { StageOutputs } from './stacks.ts';

/*
 * A partner's app client in the stage's own user pool, and its secrets. A secret is for a request or
 * a file, never for the screen. Each function throws CommandFailure where AWS refuses.
 */

/** An app client, in Cognito's words. */
export interface AppClient {
  readonly UserPoolId: string;
  readonly ClientId: string;
}

/**
 * Finds the partner's app client by its name.
 *
 * @throws CommandFailure where there is none
 */
export async function findAppClient(
  { cognito: client }: Aws,
  outputs: StageOutputs,
  stage: string,
  partner: string,
): Promise<AppClient> {
  const UserPoolId = outputs.get('UserPoolId');
  if (UserPoolId === undefined) {
    throw new CommandFailure(
      `Stage ${stage} has no user pool of its own: its issuer has the partners' clients.`,
    );
  }
  const wanted = partnerResourceName(stage, partner);
  const pages = paginateListUserPoolClients({ client }, { UserPoolId, MaxResults: 60 });
  const found = (await askedPages(pages, 'cognito-idp:ListUserPoolClients'))
    .flatMap(({ UserPoolClients = [] }) => UserPoolClients)
    .find(({ ClientName }) => ClientName === wanted);
  if (found?.ClientId !== undefined) return { UserPoolId, ClientId: found.ClientId };
  throw new CommandFailure(
    `Partner ${partner} has no client in the user pool yet: deploy the stage, then try again.`,
  );
}

export async function readSecret({ cognito }: Aws, client: AppClient): Promise<string> {
  const { UserPoolClient: found } = await asked(
    cognito.send(new DescribeUserPoolClientCommand(client)),
    'cognito-idp:DescribeUserPoolClient',
  );
  if (found?.ClientSecret !== undefined) return found.ClientSecret;
  throw new CommandFailure("Cognito does not return the client's secret.");
}

/** The client's secrets, without their values; a client has two at most. */
export async function listSecrets(
  { cognito }: Aws,
  client: AppClient,
): Promise<readonly ClientSecretDescriptorType[]> {
  const { ClientSecrets = [] } = await asked(
    cognito.send(new ListUserPoolClientSecretsCommand(client)),
    'cognito-idp:ListUserPoolClientSecrets',
  );
  return ClientSecrets;
}

/**
 * Gives the client a second secret; the first one still works.
 *
 * @throws CommandFailure where it has two already
 */
export async function addSecret(aws: Aws, client: AppClient): Promise<string> {
  if ((await listSecrets(aws, client)).length > 1) {
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
 * @throws CommandFailure where there are not two
 */
export async function endOldSecret(aws: Aws, client: AppClient): Promise<void> {
  const secrets = await listSecrets(aws, client);
  const [old, ...newer] = secrets.toSorted((a, b) => madeAt(a) - madeAt(b));
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
