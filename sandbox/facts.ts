import type { StageConfig } from '../lib/stage/stage-config.ts';
import type { ClientCredentials, SimulatedEgain } from './egain/egain.ts';
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
  /** For the doctor: the simulated eGain. Undefined when a real tenant is in its place. */
  readonly egain?: ClientCredentials & Pick<SimulatedEgain, 'apiUrl' | 'tokenUrl' | 'scope'>;
}

/** Puts the facts together once everything has its address. */
export function factsOf(
  local: LocalServer,
  apiStage: string,
  config: StageConfig,
  issuer: LocalIssuer,
  egain: SimulatedEgain | undefined,
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
    ...(egain === undefined ? {} : { egain: factsOfEgain(egain) }),
  };
}

function factsOfEgain({ apiUrl, tokenUrl, scope, credentials }: SimulatedEgain) {
  return { apiUrl, tokenUrl, scope, ...credentials };
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
