import type { StageConfig } from '../lib/stage/stage-config.ts';
import type { LocalIssuer } from './issuer/issuer.ts';
import type { LocalServer } from './local-server.ts';

/** What `GET /_sandbox` tells. */
export interface SandboxFacts {
  readonly accountsUrl: string;
  readonly openapiUrl: string;
  readonly docsUrl: string;
  readonly tokenUrl: string;
  readonly partners: Readonly<
    Record<
      string,
      { readonly clientId: string; readonly clientSecret: string; readonly scope: string }
    >
  >;
}

/** Puts the facts together once everything has its address. */
export function factsOf(
  local: LocalServer,
  apiStage: string,
  config: StageConfig,
  issuer: LocalIssuer,
): SandboxFacts {
  const partners = Object.entries(config.partners).map(([name, { clientId = '', scopes }]) => {
    const clientSecret = issuer.clients.get(clientId)?.clientSecret ?? '';
    return [name, { clientId, clientSecret, scope: scopes.join(' ') }] as const;
  });
  return {
    accountsUrl: `${local.url}/${apiStage}/accounts`,
    openapiUrl: `${local.url}/${apiStage}/openapi.json`,
    docsUrl: `${local.url}/docs`,
    tokenUrl: issuer.tokenUrl,
    partners: Object.fromEntries(partners),
  };
}

/** Gets a token by the client-credentials grant. @throws Error for an unknown partner */
export async function fetchToken(
  facts: SandboxFacts,
  partner: string,
  scope?: string,
): Promise<string> {
  const client = facts.partners[partner];
  if (client === undefined) throw new Error(`the sandbox has no partner ${partner}`);
  const answer = await fetch(facts.tokenUrl, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: client.clientId,
      client_secret: client.clientSecret,
      scope: scope ?? client.scope,
    }),
  });
  const { access_token: token } = (await answer.json()) as { readonly access_token: string };
  return token;
}
