import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

type Algorithm = 'RS256' | 'ES256';

/** A key pair of the issuer's, by its `kid`. */
export interface SigningKey {
  readonly kid: string;
  readonly alg: Algorithm;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

export async function createSigningKey(kid: string, alg: Algorithm = 'RS256'): Promise<SigningKey> {
  return { kid, alg, ...(await generateKeyPair(alg, { extractable: true })) };
}

/** Signs claims; `header` replaces what the key would say of itself. */
export function sign(key: SigningKey, claims: JWTPayload, header = {}): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: key.alg, kid: key.kid, ...header })
    .sign(key.privateKey);
}

/** Answers in place of the issuer's own. */
export type Disturbance = (response: ServerResponse) => void;

/** An OpenID issuer on a local port: its configuration and its key set, and what was asked. */
export interface TestIssuer {
  readonly url: string;
  readonly jwksUri: string;
  readonly fetches: { configuration: number; jwks: number };
  /** The public keys it gives out; replaced to rotate. */
  keys: readonly SigningKey[];
  disturbance: { configuration?: Disturbance; jwks?: Disturbance };
  stop(): Promise<void>;
}

export async function startIssuer(...keys: SigningKey[]): Promise<TestIssuer> {
  const server = createServer((request, response) => {
    const route = request.url === '/jwks' ? 'jwks' : 'configuration';
    issuer.fetches[route] += 1;
    const disturbance = issuer.disturbance[route];
    if (disturbance) {
      disturbance(response);
      return;
    }
    void answer(route).then((body) => response.end(JSON.stringify(body)));
  });
  async function answer(route: 'configuration' | 'jwks'): Promise<object> {
    if (route === 'configuration') return { issuer: issuer.url, jwks_uri: issuer.jwksUri };
    return { keys: await Promise.all(issuer.keys.map(publicJwk)) };
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer: TestIssuer = {
    url,
    jwksUri: `${url}/jwks`,
    fetches: { configuration: 0, jwks: 0 },
    keys,
    disturbance: {},
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return issuer;
}

/** Without `alg`, as many issuers do: what the key may be used for is for the verifier to know. */
async function publicJwk(key: SigningKey): Promise<object> {
  return { ...(await exportJWK(key.publicKey)), kid: key.kid, use: 'sig' };
}
