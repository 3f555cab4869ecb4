import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import {
  createServer as createTlsServer,
  getCACertificates,
  setDefaultCACertificates,
} from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { checkUrls } from '../../doctor/checks/urls.ts';
import { type Clock, createDeadline, systemClock } from '../../lambda/platform/deadline.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { selfSignedCertificate } from '../support/self-signed.ts';

const SCOPE = 'https://api.egain.cloud/auth/.default';
const ends: (() => void)[] = [];

afterEach(() => ends.splice(0).forEach((end) => end()));

async function listening(server: Server): Promise<string> {
  server.on('connection', (socket) => {
    socket.on('error', () => undefined);
    ends.push(() => socket.destroy());
  });
  ends.push(() => server.close());
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function check(apiUrl: string, tokenUrl = apiUrl, clock: Clock = systemClock) {
  const deadline = createDeadline(9000, { clock });
  const egain = { apiUrl, tokenUrl, scope: SCOPE, clientAuthentication: 'body' } as const;
  const { finding } = await checkUrls(egain, deadline, {}).finally(() => deadline.dispose());
  return finding;
}

describe('the check of the URLs', () => {
  it('holds for plain http on this machine', async () => {
    const host = await listening(createServer());

    const finding = await check(`http://${host}/conversation/conversationmgr/v3`);

    expect(finding).toEqual({
      seen:
        `egain.tokenUrl: ${host} resolves and speaks plain http\n` +
        `egain.apiUrl: ${host} resolves and speaks plain http`,
      notes: [],
    });
  });

  it('names a host that does not resolve', async () => {
    // A label may have 63 characters (RFC 1035 §2.3.4), so that no name server is asked.
    const { cause, seen } = await check(`https://${'a'.repeat(64)}.com/v3`);

    expect(cause).toBe('dns');
    expect(seen).toContain('egain.apiUrl');
  });

  it('names a port where nobody listens', async () => {
    const server = createServer();
    const host = await listening(server);
    await new Promise((done) => server.close(done));

    const { cause, seen } = await check(`https://${host}/v3`);

    expect(cause).toBe('unreachable');
    expect(seen).toContain('ECONNREFUSED');
  });

  it('names a server that does not speak TLS', async () => {
    const server = createServer((socket) => {
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });

    const { cause } = await check(`https://${await listening(server)}/v3`);

    expect(cause).toBe('not-tls');
  });

  it('names a certificate that is not trusted', async () => {
    const server = createTlsServer(selfSignedCertificate());
    server.on('tlsClientError', () => undefined);

    const { cause, seen, advice } = await check(`https://${await listening(server)}/v3`);

    expect(cause).toBe('certificate');
    expect(seen).toContain('DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(advice).toContain('NODE_EXTRA_CA_CERTS');
  });

  it('holds for TLS with a certificate that is trusted, and names one of another host', async () => {
    const { key, cert } = selfSignedCertificate();
    const server = createTlsServer({ key, cert });
    server.on('tlsClientError', () => undefined);
    const port = (await listening(server)).split(':')[1];
    const trusted = getCACertificates();
    ends.push(() => setDefaultCACertificates(trusted));
    setDefaultCACertificates([...trusted, cert]);

    const right = await check(`https://localhost:${port}/v3`);
    const wrong = await check(`https://127.0.0.1:${port}/v3`);

    expect(right.cause).toBeUndefined();
    expect(right.seen).toContain(`localhost:${port} resolves and speaks TLSv1.3`);
    expect(wrong).toMatchObject({
      cause: 'certificate-name',
      seen: expect.stringContaining(
        'for another host name (ERR_TLS_CERT_ALTNAME_INVALID',
      ) as string,
    });
  });

  it('gives up a server that takes the connection and stays silent', async () => {
    const connected = vi.fn<() => void>();
    const server = createServer(() => connected());
    const clock = createManualClock();
    const host = await listening(server);

    const checking = check(`https://${host}/v3`, undefined, clock);
    await vi.waitFor(() => expect(connected).toHaveBeenCalledTimes(2));
    clock.advance(8000);

    expect(await checking).toMatchObject({
      cause: 'unreachable',
      seen: expect.stringContaining('does not answer in time') as string,
    });
  });

  it.each([
    ['https://login.example.com/global/a/oauth2/v2.0/token', 'placeholder'],
    ['http://127.0.0.1:9/00000000-0000-0000-0000-000000000000/token', 'placeholder'],
  ])('names what is still of the example: %s', async (tokenUrl, cause) => {
    const finding = await check('http://127.0.0.1:9/v3', tokenUrl);

    expect(finding.cause).toBe(cause);
    expect(finding.advice).toContain('Metadata');
  });

  it('names an API URL that is the operation in place of the base', async () => {
    const host = await listening(createServer());

    const finding = await check(`http://${host}/v3/accounts`, `http://${host}/token`);

    expect(finding.cause).toBe('api-url-form');
    expect(finding.seen).toContain('egain.apiUrl ends in /accounts');
  });

  it('notes a base that eGain does not document', async () => {
    const host = await listening(createServer());

    const { cause, notes } = await check(`http://${host}/v4`);

    expect(cause).toBeUndefined();
    expect(notes?.[0]).toContain('/conversation/conversationmgr/v3');
  });
});
