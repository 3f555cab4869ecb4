/**
 * A proxy: Fastify and reply-from put a token on the partner's request and pass on one page of
 * eGain's as it is, unfiltered.
 */
import replyFrom from '@fastify/reply-from';
import fastify from 'fastify';
import { sendReport } from '../child.ts';
import { egainToken } from './egain.ts';

const { EGAIN_API_URL, EGAIN_CLIENT_ID, EGAIN_CLIENT_SECRET } = process.env;
const token = await egainToken(EGAIN_CLIENT_ID, EGAIN_CLIENT_SECRET);

const app = fastify();
await app.register(replyFrom);
app.get('/accounts', (_request, reply) =>
  reply.from(`${EGAIN_API_URL}/accounts`, {
    queryString: {},
    rewriteRequestHeaders: (_original, headers) => ({
      ...headers,
      authorization: `Bearer ${token}`,
    }),
  }),
);
const url = await app.listen({ port: 0, host: '127.0.0.1' });
sendReport(Number(new URL(url).port));
