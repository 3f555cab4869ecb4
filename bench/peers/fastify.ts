/**
 * A proxy: Fastify and reply-from put a token on the partner's request and pass on one page of
 * eGain's as it is, unfiltered.
 */
import replyFrom from '@fastify/reply-from';
import fastify from 'fastify';
import { ClientCredentials } from 'simple-oauth2';
import { serveChild } from '../child.ts';

const { EGAIN_API_URL, EGAIN_TOKEN_URL = '', EGAIN_SCOPE = '' } = process.env;
const { EGAIN_CLIENT_ID = '', EGAIN_CLIENT_SECRET = '' } = process.env;
const { origin, pathname } = new URL(EGAIN_TOKEN_URL);
const client = new ClientCredentials({
  client: { id: EGAIN_CLIENT_ID, secret: EGAIN_CLIENT_SECRET },
  auth: { tokenHost: origin, tokenPath: pathname },
  options: { authorizationMethod: 'body' },
});
const granted = await client.getToken({ scope: EGAIN_SCOPE });

const app = fastify();
await app.register(replyFrom);
app.get('/accounts', (_request, reply) =>
  reply.from(`${EGAIN_API_URL}/accounts`, {
    queryString: {},
    rewriteRequestHeaders: (_original, headers) => ({
      ...headers,
      authorization: `Bearer ${String(granted.token['access_token'])}`,
    }),
  }),
);
await app.listen({ port: 0, host: '127.0.0.1' });
serveChild({ address: () => app.server.address() });
