/** A server of the usual parts: Express, axios, and simple-oauth2 with its token kept. */
import express, { type Listener } from 'express';
import { sendReport } from '../child.ts';
import { allAccounts, answerTo, egainToken } from './egain.ts';

const { EGAIN_CLIENT_ID, EGAIN_CLIENT_SECRET } = process.env;
const token = await egainToken(EGAIN_CLIENT_ID, EGAIN_CLIENT_SECRET);

const app = express();
const listAccounts: Listener = async (request, response) => {
  response.type('application/json').send(answerTo(await allAccounts(token), request.query));
};
app.get('/accounts', (request, response) => listAccounts(request, response));
const server = app.listen(0, '127.0.0.1', () => sendReport(server.address()?.port));
