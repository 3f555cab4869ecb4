/**
 * The common way to write the partner API's function: Middy, the SDK, axios and simple-oauth2, with
 * everything fetched for each request.
 */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import withMiddleware from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import axios from 'axios';
import { ClientCredentials } from 'simple-oauth2';
import { type AccountsPage, allAccounts, answerTo } from './answer.ts';

const { CREDENTIALS_SECRET_ARN, EGAIN_API_URL, EGAIN_TOKEN_URL = '', EGAIN_SCOPE } = process.env;
const secrets = new SecretsManagerClient({});

async function fetchToken(): Promise<string> {
  const { SecretString = '' } = await secrets.send(
    new GetSecretValueCommand({ SecretId: CREDENTIALS_SECRET_ARN }),
  );
  const { clientId, clientSecret } = JSON.parse(SecretString) as Record<string, string>;
  const { origin, pathname } = new URL(EGAIN_TOKEN_URL);
  const client = new ClientCredentials({
    client: { id: clientId ?? '', secret: clientSecret ?? '' },
    auth: { tokenHost: origin, tokenPath: pathname },
    options: { authorizationMethod: 'body' },
  });
  const { token } = await client.getToken({ scope: EGAIN_SCOPE ?? '' });
  return String(token['access_token']);
}

export const handler = withMiddleware(
  async (event: APIGatewayProxyEvent): Promise<APIGatewayProxyResult> => {
    const headers = { Authorization: `Bearer ${await fetchToken()}` };
    const accounts = await allAccounts(async (query) => {
      const answer = await axios.get<AccountsPage>(`${EGAIN_API_URL}/accounts${query}`, {
        headers,
      });
      return answer.data;
    });
    return {
      statusCode: 200,
      headers: { 'Content-Type': 'application/json' },
      body: answerTo(accounts, event.queryStringParameters ?? {}),
    };
  },
);
