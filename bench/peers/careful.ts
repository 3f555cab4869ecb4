/** The careful way: the common one, with the secret, the token and the list kept for 30 s. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import withMiddleware from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import axios from 'axios';
import { LRUCache } from 'lru-cache';
import { ClientCredentials } from 'simple-oauth2';
import { type Account, type AccountsPage, allAccounts, answerTo } from './answer.ts';

const { CREDENTIALS_SECRET_ARN, EGAIN_API_URL, EGAIN_TOKEN_URL = '', EGAIN_SCOPE } = process.env;
const secrets = new SecretsManagerClient({});

const fetchers: Readonly<Record<string, () => Promise<object>>> = {
  async secret() {
    const command = new GetSecretValueCommand({ SecretId: CREDENTIALS_SECRET_ARN });
    const { SecretString = '' } = await secrets.send(command);
    return JSON.parse(SecretString) as object;
  },
  async token() {
    const { clientId, clientSecret } = (await kept('secret')) as Record<string, string>;
    const { origin, pathname } = new URL(EGAIN_TOKEN_URL);
    const client = new ClientCredentials({
      client: { id: clientId ?? '', secret: clientSecret ?? '' },
      auth: { tokenHost: origin, tokenPath: pathname },
      options: { authorizationMethod: 'body' },
    });
    return (await client.getToken({ scope: EGAIN_SCOPE ?? '' })).token;
  },
  async accounts() {
    const { access_token: token } = (await kept('token')) as Record<string, unknown>;
    const headers = { Authorization: `Bearer ${String(token)}` };
    return allAccounts(async (query) => {
      const url = `${EGAIN_API_URL}/accounts${query}`;
      return (await axios.get<AccountsPage>(url, { headers })).data;
    });
  },
};
const cache = new LRUCache<string, object>({
  max: 10,
  ttl: 30_000,
  fetchMethod: (key) => fetchers[key]?.(),
});
const kept = (key: string) => cache.forceFetch(key);

export const handler = withMiddleware(
  async (event: APIGatewayProxyEvent): Promise<APIGatewayProxyResult> => ({
    statusCode: 200,
    headers: { 'Content-Type': 'application/json' },
    body: answerTo((await kept('accounts')) as Account[], event.queryStringParameters ?? {}),
  }),
);
