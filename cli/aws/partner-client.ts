import {
  DescribeUserPoolClientCommand,
  ListUserPoolClientsCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { partnerResourceName } from '../../lib/stage/stage-name.ts';
import { CommandFailure } from '../command.ts';
import { type Aws, adviceFor, errorName } from './clients.ts';
import type { StageOutputs } from './outputs.ts';

/** A partner's app client in the stage's own user pool. */
export interface PartnerClient {
  readonly userPoolId: string;
  readonly clientId: string;
}

/**
 * Finds the partner's app client.
 *
 * @throws CommandFailure where there is none, or AWS does not tell
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
      `Stage ${stage} has no user pool of its own: its partners' clients are with its issuer.`,
    );
  }
  const clientId = await clientIdByName(aws, userPoolId, stage, partner);
  if (clientId !== undefined) return { userPoolId, clientId };
  throw new CommandFailure(
    `Partner ${partner} has no client in the user pool yet: deploy the stage, then ask again.`,
  );
}

async function clientIdByName(
  aws: Aws,
  UserPoolId: string,
  stage: string,
  partner: string,
): Promise<string | undefined> {
  const wanted = partnerResourceName(stage, partner);
  let NextToken: string | undefined;
  do {
    const page = await asked(
      aws.cognito.send(new ListUserPoolClientsCommand({ UserPoolId, MaxResults: 60, NextToken })),
      'cognito-idp:ListUserPoolClients',
    );
    const client = page.UserPoolClients?.find(({ ClientName }) => ClientName === wanted);
    if (client !== undefined) return client.ClientId;
    ({ NextToken } = page);
  } while (NextToken !== undefined);
  return undefined;
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
  throw new CommandFailure("Cognito does not tell the client's secret.");
}

/** What AWS answers. @throws CommandFailure in place of its error, saying what to do */
export async function asked<T>(answer: Promise<T>, rights: string): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    const name = errorName(error);
    throw new CommandFailure(`AWS refuses ${rights}: ${name}. ${adviceFor(name, rights)}`);
  }
}
