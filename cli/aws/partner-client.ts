import {
  DescribeUserPoolClientCommand,
  paginateListUserPoolClients,
} from '@aws-sdk/client-cognito-identity-provider';
import { partnerResourceName } from '../../lib/stage/stage-name.ts';
import { CommandFailure } from '../program.ts';
import { type Aws, asked, askedPages } from './clients.ts';
import type { StageOutputs } from './stacks.ts';

/** A partner's app client in the stage's own user pool, in Cognito's words. */
export interface PartnerClient {
  readonly UserPoolId: string;
  readonly ClientId: string;
}

/**
 * Finds the partner's app client by its name.
 *
 * @throws CommandFailure where there is none, or AWS refuses
 */
export async function findPartnerClient(
  { cognito: client }: Aws,
  outputs: StageOutputs,
  stage: string,
  partner: string,
): Promise<PartnerClient> {
  const UserPoolId = outputs.get('UserPoolId');
  if (UserPoolId === undefined) {
    throw new CommandFailure(
      `Stage ${stage} has no user pool of its own: its issuer has the partners' clients.`,
    );
  }
  const wanted = partnerResourceName(stage, partner);
  const pages = paginateListUserPoolClients({ client }, { UserPoolId, MaxResults: 60 });
  const all = await askedPages(pages, 'cognito-idp:ListUserPoolClients');
  const found = all
    .flatMap(({ UserPoolClients = [] }) => UserPoolClients)
    .find(({ ClientName }) => ClientName === wanted);
  if (found?.ClientId !== undefined) return { UserPoolId, ClientId: found.ClientId };
  throw new CommandFailure(
    `Partner ${partner} has no client in the user pool yet: deploy the stage, then try again.`,
  );
}

/** The client's secret. It is for a request or a file, never for the screen. */
export async function readClientSecret({ cognito }: Aws, key: PartnerClient): Promise<string> {
  const { UserPoolClient: client } = await asked(
    cognito.send(new DescribeUserPoolClientCommand(key)),
    'cognito-idp:DescribeUserPoolClient',
  );
  if (client?.ClientSecret !== undefined) return client.ClientSecret;
  throw new CommandFailure("Cognito does not return the client's secret.");
}
