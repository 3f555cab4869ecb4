import {
  DescribeUserPoolClientCommand,
  paginateListUserPoolClients,
} from '@aws-sdk/client-cognito-identity-provider';
import { partnerResourceName } from '../../lib/stage/stage-name.ts';
import { CommandFailure } from '../program.ts';
import { type Aws, asked } from './clients.ts';
import type { StageOutputs } from './stacks.ts';

/** A partner's app client in the stage's own user pool. */
export interface PartnerClient {
  readonly userPoolId: string;
  readonly clientId: string;
}

/**
 * Finds the partner's app client by its name.
 *
 * @throws CommandFailure where there is none, or AWS refuses
 */
export async function findPartnerClient(
  aws: Aws,
  outputs: StageOutputs,
  stage: string,
  partner: string,
): Promise<PartnerClient> {
  const userPoolId = outputs.get('UserPoolId');
  if (userPoolId === undefined) {
    throw new CommandFailure(
      `Stage ${stage} has no user pool of its own: its issuer has the partners' clients.`,
    );
  }
  const find = async () => {
    const query = { UserPoolId: userPoolId, MaxResults: 60 };
    for await (const page of paginateListUserPoolClients({ client: aws.cognito }, query)) {
      const wanted = partnerResourceName(stage, partner);
      const client = page.UserPoolClients?.find(({ ClientName }) => ClientName === wanted);
      if (client?.ClientId !== undefined) return client.ClientId;
    }
    return undefined;
  };
  const clientId = await asked(find(), 'cognito-idp:ListUserPoolClients');
  if (clientId !== undefined) return { userPoolId, clientId };
  throw new CommandFailure(
    `Partner ${partner} has no client in the user pool yet: deploy the stage, then try again.`,
  );
}

/** The client's secret. It is for a request or a file, never for the screen. */
export async function readClientSecret(
  aws: Aws,
  { userPoolId, clientId }: PartnerClient,
): Promise<string> {
  const { UserPoolClient: client } = await asked(
    aws.cognito.send(
      new DescribeUserPoolClientCommand({ UserPoolId: userPoolId, ClientId: clientId }),
    ),
    'cognito-idp:DescribeUserPoolClient',
  );
  if (client?.ClientSecret !== undefined) return client.ClientSecret;
  throw new CommandFailure("Cognito does not return the client's secret.");
}
