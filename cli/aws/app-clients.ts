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

/** A secret that was just made. */
export interface AddedSecret {
  readonly ClientSecretId: string;
  readonly value: string;
}

/**
 * Gives the client a second secret; the first one still works.
 *
 * @throws CommandFailure where it has two already
 */
export async function addSecret(aws: Aws, client: AppClient): Promise<AddedSecret> {
  if ((await listSecrets(aws, client)).length > 1) {
    throw new CommandFailure(
      'The partner has two secrets already. Once it uses the new one, end the old one with rotate ' +
        '--finish; where the new one is lost, end that one with rotate --undo.',
    );
  }
  const adding = aws.cognito.send(new AddUserPoolClientSecretCommand(client));
  const answer = asked(adding, 'cognito-idp:AddUserPoolClientSecret').catch((error: unknown) => {
    // The request may have come through although its answer did not.
    const hint = 'If the partner has two secrets now, end the new one with rotate --undo.';
    throw error instanceof CommandFailure ? new CommandFailure(`${error.message} ${hint}`) : error;
  });
  const { ClientSecretId = '', ClientSecretValue: value = '' } =
    (await answer).ClientSecretDescriptor ?? {};
  return { ClientSecretId, value };
}

/**
 * The id of the older or the newer of two secrets.
 *
 * @throws CommandFailure where there are not two
 */
export async function oneOfTwo(aws: Aws, client: AppClient, which: 'old' | 'new'): Promise<string> {
  const secrets = await listSecrets(aws, client);
  if (secrets.length < 2) {
    throw new CommandFailure('The partner has only one secret, and that one stays.');
  }
  const byAge = secrets.toSorted((a, b) => madeAt(a) - madeAt(b));
  return byAge.at(which === 'old' ? 0 : -1)?.ClientSecretId ?? '';
}

export async function endSecret(
  { cognito }: Aws,
  client: AppClient,
  ClientSecretId: string,
): Promise<void> {
  await asked(
    cognito.send(new DeleteUserPoolClientSecretCommand({ ...client, ClientSecretId })),
    'cognito-idp:DeleteUserPoolClientSecret',
  );
}

function madeAt({ ClientSecretCreateDate: date }: ClientSecretDescriptorType): number {
  return date?.getTime() ?? 0;
}
