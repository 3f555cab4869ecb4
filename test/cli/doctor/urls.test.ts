import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  getCACertificates,
  setDefaultCACertificates,
} from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Clock } from '../../../lambda/platform/deadline.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { selfSignedCertificate } from '../../support/self-signed.ts';
import { runDoctor } from './support.ts';

const V3 = '/conversation/conversationmgr/v3';
const ends: (() => void)[] = [];

afterEach(() => ends.splice(0).forEach((end) => end()));

async function listening(server: Server): Promise<number> {
  server.on('connection', (socket: Socket) => {
    socket.on('error', () => undefined);
    ends.push(() => socket.destroy());
  });
  server.on('tlsClientError', () => undefined);
  ends.push(() => server.close());
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

async function check(
  apiUrl: string,
  {
    tokenUrl = apiUrl,
    environment = {},
    clock,
  }: { tokenUrl?: string; environment?: Record<string, string>; clock?: Clock } = {},
) {
  const { row } = await runDoctor({
    egain: { apiUrl, tokenUrl, scope: 'https://api.egain.cloud/auth/.default' },
    environment,
    ...(clock === undefined ? {} : { clock }),
  });
  return row('urls');
}

/** A server that speaks TLS, and whose certificate this process trusts. */
async function trustedServer(host = 'localhost'): Promise<number> {
  const { key, cert } = selfSignedCertificate(host);
  const trusted = getCACertificates();
  ends.push(() => setDefaultCACertificates(trusted));
  setDefaultCACertificates([...trusted, cert]);
  return listening(createTlsServer({ key, cert }));
}

/** A proxy whose tunnels all lead to one port of this machine. */
async function proxyTo(destination: number, refusal?: string) {
  const tunnels: string[] = [];
  const server = createHttpServer();
  server.on('connect', (request, socket: Socket) => {
    tunnels.push(String(request.url));
    socket.on('error', () => undefined);
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal}\r\n\r\n`);
      return;
    }
    const upstream = connect(destination, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
  });
  return { url: `http://127.0.0.1:${await listening(server)}`, tunnels };
}

const plain = () => createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
const untrusted = () => createTlsServer(selfSignedCertificate());

describe('the check of the URLs', () => {
  it('holds for plain http on this machine', async () => {
    const port = await listening(createServer());

    const { cause, seen, notes } = await check(`http://127.0.0.1:${port}${V3}`);

    expect(cause).toBeUndefined();
    expect(seen).toBe(
      `egain.tokenUrl: 127.0.0.1:${port} resolves and speaks plain http\n` +
        `egain.apiUrl: 127.0.0.1:${port} resolves and speaks plain http`,
    );
    expect(notes).toEqual([]);
  });

  it('holds for TLS with a trusted certificate, and names one for another host', async () => {
    const port = await trustedServer();

    const right = await check(`https://localhost:${port}${V3}`);
    const wrong = await check(`https://127.0.0.1:${port}${V3}`);

    expect(right.seen).toContain(`localhost:${port} resolves and speaks TLSv1.3`);
    expect(wrong).toMatchObject({
      cause: 'certificate-name',
      seen: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID') as string,
    });
  });

  it.each<[host: string | (() => Server), cause: string, seen: string, told: string]>([
    // A label may have 63 characters (RFC 1035 §2.3.4), so no name server is asked.
    [`${'a'.repeat(64)}.com`, 'dns', 'does not resolve', 'Admin Console'],
    ['127.0.0.1:1', 'unreachable', 'ECONNREFUSED', 'firewall'],
    // Linux sends nothing there.
    ['255.255.255.255', 'no-way-out', 'ENETUNREACH', 'A fixed way out'],
    [plain, 'not-tls', 'does not speak TLS', 'port'],
    [untrusted, 'certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'NODE_EXTRA_CA_CERTS'],
  ])('names what is wrong with %s: %s', async (host, cause, seen, told) => {
    const there = typeof host === 'string' ? host : `127.0.0.1:${await listening(host())}`;

    const found = await check(`https://${there}${V3}`);

    expect(found.cause).toBe(cause);
    expect(found.seen).toContain(seen);
    expect(found.advice).toContain(told);
  });

  it('gives up a server that takes the connection and stays silent', async () => {
    const connected = vi.fn<() => void>();
    const clock = createManualClock();
    const port = await listening(createServer(() => connected()));

    const checking = check(`https://127.0.0.1:${port}${V3}`, { clock });
    await vi.waitFor(() => expect(connected).toHaveBeenCalledTimes(2));
    clock.advance(9000);

    expect(await checking).toMatchObject({
      cause: 'unreachable',
      seen: expect.stringContaining('does not answer in time') as string,
    });
  });

  it.each([
    ['https://login.example.com/global/a/oauth2/v2.0/token'],
    ['http://127.0.0.1:9/00000000-0000-0000-0000-000000000000/token'],
  ])("names what is still the example's: %s", async (tokenUrl) => {
    const { cause, advice } = await check(`http://127.0.0.1:9${V3}`, { tokenUrl });

    expect(cause).toBe('placeholder');
    expect(advice).toContain('Metadata');
  });

  it('names an API URL that is the operation, and notes a base that eGain does not document', async () => {
    const port = await listening(createServer());
    const tokenUrl = `http://127.0.0.1:${port}/token`;

    const operation = await check(`http://127.0.0.1:${port}${V3}/accounts`, { tokenUrl });
    const other = await check(`http://127.0.0.1:${port}/v4`);

    expect(operation.cause).toBe('api-url-form');
    expect(operation.seen).toContain('egain.apiUrl ends in /accounts');
    expect(other.cause).toBeUndefined();
    expect(other.notes[0]).toContain(V3);
  });
});

describe('with a proxy, the check of the URLs', () => {
  const HOST = 'egain.invalid';
  const URL_THERE = `https://${HOST}${V3}`;

  it('goes through it, needs no name server, and says so', async () => {
    const { url, tunnels } = await proxyTo(await trustedServer(HOST));

    const { cause, seen } = await check(URL_THERE, { environment: { HTTPS_PROXY: url } });

    expect(cause).toBe(undefined);
    expect(seen).toBe(
      `egain.tokenUrl: ${HOST} answers, through the proxy ${new URL(url).host}\n` +
        `egain.apiUrl: ${HOST} answers, through the proxy ${new URL(url).host}`,
    );
    expect(tunnels).toEqual([`${HOST}:443`, `${HOST}:443`]);
  });

  it.each([
    ['407 Proxy Authentication Required', 'HTTPS_PROXY=http://<user>:<password>@'],
    ['403 Forbidden', 'NO_PROXY'],
  ])('names a proxy that answers %s', async (refusal, told) => {
    const { url } = await proxyTo(1, refusal);

    const { cause, seen, advice } = await check(URL_THERE, { environment: { HTTPS_PROXY: url } });

    expect(cause).toBe('proxy-refused');
    expect(seen).toContain(refusal.slice(0, 3));
    expect(advice).toContain(told);
  });

  it.each(['http://127.0.0.1:1', 'http://proxy.invalid:3128'])(
    'names a proxy that cannot be reached: %s',
    async (url) => {
      const { cause, seen } = await check(URL_THERE, { environment: { HTTPS_PROXY: url } });

      expect(cause).toBe('proxy-unreachable');
      expect(seen).toMatch(/ECONNREFUSED|ENOTFOUND|EAI_AGAIN/);
    },
  );

  it.each([
    [URL_THERE, { NO_PROXY: '.invalid' }, 'dns'],
    [`http://127.0.0.1:1${V3}`, {}, 'unreachable'],
  ])('does not use it for %s with %j', async (apiUrl, more, cause) => {
    const { url, tunnels } = await proxyTo(1);
    const environment = { HTTPS_PROXY: url, HTTP_PROXY: url, ...more };

    expect((await check(apiUrl, { environment })).cause).toBe(cause);
    expect(tunnels).toEqual([]);
  });
});
