/**
 * The common way to write the partner API's function: Middy, the SDK, axios and simple-oauth2, with
 * everything fetched for each request.
 */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import withMiddleware from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { allAccounts, answerTo, egainToken } from './egain.ts';

const { CREDENTIALS_SECRET_ARN } = process.env;
const secrets = new SecretsManagerClient({});

async function fetchToken(): Promise<string> {
  const command = new GetSecretValueCommand({ SecretId: CREDENTIALS_SECRET_ARN });
  const { SecretString = '' } = await secrets.send(command);
  const { clientId, clientSecret } = JSON.parse(SecretString) as Record<string, string>;
  return egainToken(clientId, clientSecret);
}

export const handler = withMiddleware(
  async (event: APIGatewayProxyEvent): Promise<APIGatewayProxyResult> => ({
    statusCode: 200,
    headers: { 'Content-Type': 'application/json' },
    body: answerTo(await allAccounts(await fetchToken()), event.queryStringParameters ?? {}),
  }),
);
