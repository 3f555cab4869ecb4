/** A server of the usual parts: Express, axios, and simple-oauth2 with its token kept. */
import axios from 'axios';
import express, { type Listener } from 'express';
import { type AccessToken, ClientCredentials } from 'simple-oauth2';
import { serveChild } from '../child.ts';
import { type AccountsPage, allAccounts, answerTo, type Query } from './answer.ts';

const { EGAIN_API_URL, EGAIN_TOKEN_URL = '', EGAIN_SCOPE = '' } = process.env;
const { EGAIN_CLIENT_ID = '', EGAIN_CLIENT_SECRET = '' } = process.env;
const { origin, pathname } = new URL(EGAIN_TOKEN_URL);
const client = new ClientCredentials({
  client: { id: EGAIN_CLIENT_ID, secret: EGAIN_CLIENT_SECRET },
  auth: { tokenHost: origin, tokenPath: pathname },
  options: { authorizationMethod: 'body' },
});
let granted: Promise<AccessToken> | undefined;

async function token(): Promise<string> {
  if (granted !== undefined && (await granted).expired(60)) granted = undefined;
  granted ??= client.getToken({ scope: EGAIN_SCOPE });
  return String((await granted).token['access_token']);
}

const app = express();
const listAccounts: Listener = async (request, response) => {
  const headers = { Authorization: `Bearer ${await token()}` };
  const accounts = await allAccounts(async (query) => {
    const url = `${EGAIN_API_URL}/accounts${query}`;
    return (await axios.get<AccountsPage>(url, { headers })).data;
  });
  response.type('application/json').send(answerTo(accounts, request.query as Query));
};
app.get('/accounts', (request, response) => listAccounts(request, response));
const server = app.listen(0, '127.0.0.1', () => {
  serveChild({ address: () => server.address() });
});
