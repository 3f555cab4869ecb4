import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  getCACertificates,
  setDefaultCACertificates,
} from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { proxyFor, useProxyOf } from '../../cli/proxy.ts';
import { checkUrls } from '../../doctor/checks/urls.ts';
import { createDeadline } from '../../lambda/platform/deadline.ts';
import { selfSignedCertificate } from '../support/self-signed.ts';

const HOST = 'egain.invalid';
const ends: (() => void)[] = [];

/** What was asked of the proxy. */
let tunnels: string[];
/** What it answers in place of a tunnel. */
let refusal: string | undefined;
/** Where its tunnels lead, whatever is asked for. */
let destination: number;
let proxy: string;

beforeEach(async () => {
  tunnels = [];
  refusal = undefined;
  const server = createServer();
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
  proxy = `http://127.0.0.1:${await listening(server)}`;
});
afterEach(() => ends.splice(0).forEach((end) => end()));

async function listening(
  server: ReturnType<typeof createTlsServer> | ReturnType<typeof createServer>,
) {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  ends.push(() => {
    server.close();
    sockets.forEach((socket) => socket.destroy());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

/** A server whose certificate is for `host`, at the end of the proxy's tunnels. */
async function atTheEnd(host: string): Promise<void> {
  const { key, cert } = selfSignedCertificate(host);
  const server = createTlsServer({ key, cert }, (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'));
  });
  server.on('tlsClientError', () => undefined);
  destination = await listening(server);
  const trusted = getCACertificates();
  ends.push(() => setDefaultCACertificates(trusted));
  setDefaultCACertificates([...trusted, cert]);
}

async function check(environment: Readonly<Record<string, string>>) {
  const base = `https://${HOST}/conversation/conversationmgr/v3`;
  const egain = { apiUrl: base, tokenUrl: `https://${HOST}/token`, scope: 'x' };
  const deadline = createDeadline(9000);
  ends.push(useProxyOf(environment));
  const whole = { ...egain, clientAuthentication: 'body' } as const;
  const { finding } = await checkUrls(whole, deadline, environment).finally(() =>
    deadline.dispose(),
  );
  return finding;
}

describe('with a proxy, the check of the URLs', () => {
  it("goes the requests' way, needs no name server, and says which way that was", async () => {
    await atTheEnd(HOST);

    const { cause, seen } = await check({ HTTPS_PROXY: proxy });

    expect(cause).toBeUndefined();
    expect(seen).toBe(
      `egain.tokenUrl: ${HOST} answers, by the proxy ${new URL(proxy).host}\n` +
        `egain.apiUrl: ${HOST} answers, by the proxy ${new URL(proxy).host}`,
    );
    expect(tunnels).toEqual([`${HOST}:443`, `${HOST}:443`]);
  });

  it('names a certificate that is for another host', async () => {
    await atTheEnd('other.invalid');

    expect(await check({ https_proxy: proxy })).toMatchObject({ cause: 'certificate-name' });
  });

  it.each([
    ['407 Proxy Authentication Required', 'HTTPS_PROXY=http://<user>:<password>@'],
    ['403 Forbidden', 'NO_PROXY'],
  ])('names a proxy that answers %s', async (answer, told) => {
    refusal = answer;

    const { cause, seen, advice } = await check({ HTTPS_PROXY: proxy });

    expect(cause).toBe('proxy-refused');
    expect(seen).toContain(answer.slice(0, 3));
    expect(advice).toContain(told);
  });

  it('names a proxy that is not there', async () => {
    const { cause, seen } = await check({ HTTPS_PROXY: 'http://127.0.0.1:1' });

    expect(cause).toBe('proxy-unreachable');
    expect(seen).toContain('ECONNREFUSED');
  });

  it('does not use it for a host of NO_PROXY', async () => {
    const { cause } = await check({ HTTPS_PROXY: proxy, NO_PROXY: '.invalid' });

    expect(cause).toBe('dns');
    expect(tunnels).toEqual([]);
  });
});

describe('which proxy a request goes by', () => {
  it.each([
    ['https://a.example.com', { HTTPS_PROXY: 'http://p:1' }, 'p:1'],
    ['https://a.example.com', { HTTPS_PROXY: 'http://p:1', https_proxy: 'http://q:2' }, 'q:2'],
    ['http://a.example.com', { HTTPS_PROXY: 'http://p:1' }, undefined],
    ['http://a.example.com', { HTTP_PROXY: 'http://p:1' }, 'p:1'],
    ['https://a.example.com', { HTTPS_PROXY: 'no URL' }, undefined],
    [
      'https://a.example.com',
      { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'b.com, a.example.com' },
      undefined,
    ],
    ['https://a.example.com', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '*.example.com' }, undefined],
    ['https://a.example.com', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '*' }, undefined],
    [
      'https://a.example.com',
      { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'a.example.com:443' },
      undefined,
    ],
    ['https://a.example.com', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'a.example.com:444' }, 'p:1'],
    ['https://a.example.com', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'example.org' }, 'p:1'],
    ['https://10.0.0.5', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '10.0.0.1-10.0.0.9' }, undefined],
    ['http://127.0.0.1:3000', { HTTP_PROXY: 'http://p:1' }, undefined],
    ['http://localhost:3000', { HTTP_PROXY: 'http://p:1' }, undefined],
    ['http://[::1]:3000', { HTTP_PROXY: 'http://p:1' }, undefined],
  ])('to %s with %j', (url, environment, host) => {
    expect(proxyFor(new URL(url), environment)?.host).toBe(host);
  });
});
