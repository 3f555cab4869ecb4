import { statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Context } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AuthorizerRequest } from '../../lambda/auth/authorize.ts';
import { writeBundle } from '../../lib/bundle/bundle.ts';
import { AUDIENCE, goodClaims, METHOD_ARN, PARTNERS } from '../support/authorizer.ts';
import { createSigningKey, sign, startIssuer, type TestIssuer } from '../support/issuer.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const context = { awsRequestId: 'r-1', getRemainingTimeInMillis: () => 10_000 } as Context;
const key = await createSigningKey('k1', 'ES256');
let folder: string;
let issuer: TestIssuer;
let output: string[];

beforeEach(async () => {
  issuer = await startIssuer(key);
  folder = temporaryFolder();
  output = [];
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((text) => output.push(String(text)) > 0);
  }
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await issuer.stop();
});

async function load(files: Record<string, string>, environment: Record<string, string>) {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  writeBundle('authorizer', folder, files);
  const { handler } = (await import(pathToFileURL(join(folder, 'index.mjs')).href)) as {
    handler: (event: AuthorizerRequest, context: object) => Promise<{ principalId: string }>;
  };
  const token = await sign(key, goodClaims(issuer.url));
  return (authorizationToken = `Bearer ${token}`) =>
    handler({ authorizationToken, methodArn: METHOD_ARN }, context);
}

const PARTNERS_FILE = { 'partners.json': JSON.stringify(PARTNERS) };
const environment = () => ({ AUTH_ISSUER: issuer.url, AUTH_AUDIENCE: AUDIENCE });

describe('the bundled authorizer', () => {
  test('lets a partner in, refuses a bad token, and is small', async () => {
    const request = await load(PARTNERS_FILE, environment());
    expect(await request()).toMatchObject({ principalId: 'acme', context: { partner: 'acme' } });
    await expect(request('Bearer x')).rejects.toThrow(/^Unauthorized$/);
    // By this name alarms know whose metrics they are.
    expect(output.join()).toContain('"service":"authorizer"');
    expect(statSync(join(folder, 'index.mjs')).size).toBeLessThan(120 * 1024);
  });

  test('knows the clients of its own Cognito pool by the environment', async () => {
    const request = await load(PARTNERS_FILE, {
      AUTH_ISSUER: issuer.url,
      AUTH_JWKS_URI: issuer.jwksUri,
      AUTH_COGNITO_CLIENTS: '{"acme":"client-acme","basic":"b","narrow":"n"}',
    });
    const claims = { ...goodClaims(issuer.url), token_use: 'access' };
    expect(await request(`Bearer ${await sign(key, claims)}`)).toMatchObject({
      principalId: 'acme',
    });
  });

  test.each<[string, Record<string, string>, Record<string, string>, string]>([
    ['no partners', {}, {}, 'partners.json is missing or not JSON'],
    ['partners not JSON', { 'partners.json': '{"k' }, {}, 'partners.json is missing or not JSON'],
    ['no issuer', PARTNERS_FILE, { AUTH_ISSUER: '' }, 'AUTH_ISSUER'],
    ['clients not JSON', PARTNERS_FILE, { AUTH_COGNITO_CLIENTS: '{"k' }, 'AUTH_COGNITO_CLIENTS'],
  ])('set up with %s, fails at the request and says why in the log', async (_, files, env, why) => {
    const request = await load(files, { ...environment(), ...env });
    await expect(request()).rejects.toThrow('The authorizer cannot decide');
    const lines = output.join('\n');
    expect(lines).toContain(why);
    expect(lines).toContain('AuthorizerFailures');
    expect(lines).not.toContain('eyJ');
  });
});
