import { type AccountState, type AppClient, type AwsAnswer, type AwsCall, json } from './state.ts';

interface Input {
  readonly ClientId?: string;
  readonly ClientSecretId?: string;
  readonly NextToken?: string;
}

/** Cognito gives pages of one client, so that a reader who stops at the first is noticed. */
const PAGE = 1;

/** @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/Welcome.html */
export function answerCognito({ target, body }: AwsCall, state: AccountState): AwsAnswer {
  const action = target.split('.')[1] ?? '';
  const input = JSON.parse(body) as Input;
  if (state.denied === action) return failure('AccessDeniedException');
  if (action === 'ListUserPoolClients') {
    const start = Number(input.NextToken ?? 0);
    const rows = state.clients.slice(start, start + PAGE);
    const more = start + PAGE < state.clients.length;
    return json(200, {
      UserPoolClients: rows.map(({ name, id }) => ({ ClientName: name, ClientId: id })),
      ...(more ? { NextToken: String(start + PAGE) } : {}),
    });
  }
  const client = state.clients.find(({ id }) => id === input.ClientId);
  return client === undefined
    ? failure('ResourceNotFoundException')
    : onClient(action, input, client, state);
}

function onClient(
  action: string,
  input: Input,
  client: AppClient,
  { onSecretMade }: AccountState,
): AwsAnswer {
  switch (action) {
    case 'DescribeUserPoolClient':
      return json(200, {
        UserPoolClient: {
          ClientId: client.id,
          ClientName: client.name,
          ClientSecret: client.secrets[0]?.value,
        },
      });
    case 'ListUserPoolClientSecrets':
      return json(200, {
        ClientSecrets: client.secrets.map(({ id, made }) => ({
          ClientSecretId: id,
          ClientSecretCreateDate: made,
        })),
      });
    case 'AddUserPoolClientSecret': {
      if (client.secrets.length > 1) return failure('LimitExceededException');
      const number = client.secrets.length + 1;
      const made = (client.secrets.at(-1)?.made ?? 0) + 60;
      const added = { id: `id-${number}`, value: `canary-added-${number}`, made };
      // The newest first: who takes the first for the oldest is noticed.
      client.secrets = [added, ...client.secrets];
      onSecretMade?.();
      return json(200, {
        ClientSecretDescriptor: {
          ClientSecretId: added.id,
          ClientSecretValue: added.value,
          ClientSecretCreateDate: added.made,
        },
      });
    }
    case 'DeleteUserPoolClientSecret':
      client.secrets = client.secrets.filter(({ id }) => id !== input.ClientSecretId);
      return json(200, {});
    default:
      throw new Error(`the emulated Cognito does not know ${action}`);
  }
}

function failure(type: string): AwsAnswer {
  return json(400, { __type: type, message: 'refused' });
}
