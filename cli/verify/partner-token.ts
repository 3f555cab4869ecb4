import type { StageConfig } from '../../lib/stage/stage-config.ts';
import type { Aws } from '../aws/clients.ts';
import { findPartnerClient, readClientSecret } from '../aws/partner-client.ts';
import { requiredOutput, type StageOutputs } from '../aws/stacks.ts';
import { CommandFailure } from '../program.ts';
import { ask, member } from './http.ts';

/** How a partner gets a token. */
export interface PartnerAccess {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string;
}

/**
 * How the partner gets a token: with `PARTNER_CLIENT_ID` and `PARTNER_CLIENT_SECRET` of the
 * environment where they are set, otherwise with the client in the stage's own user pool.
 *
 * @throws CommandFailure saying what is missing
 */
export async function accessOf(
  partner: string,
  options: { readonly stage: string; readonly tokenUrl?: string; readonly scope?: string },
  config: StageConfig,
  outputs: StageOutputs,
  aws: Aws,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<PartnerAccess> {
  const { stage } = options;
  const scope = options.scope ?? config.partners[partner]?.scopes.join(' ') ?? '';
  const { PARTNER_CLIENT_ID: clientId, PARTNER_CLIENT_SECRET: clientSecret } = environment;
  const tokenUrl = options.tokenUrl ?? (await tokenUrlOf(config, outputs));
  if (clientId !== undefined && clientSecret !== undefined) {
    return { tokenUrl, clientId, clientSecret, scope };
  }
  if (config.auth.issuer !== undefined) {
    throw new CommandFailure(
      `Stage ${stage} has an issuer of its own: set PARTNER_CLIENT_ID and PARTNER_CLIENT_SECRET ` +
        `to the client of partner ${partner} there.`,
    );
  }
  const client = await findPartnerClient(aws, outputs, stage, partner);
  const secret = await readClientSecret(aws, client);
  return { tokenUrl, clientId: client.clientId, clientSecret: secret, scope };
}

/** The pool's, or the one in the issuer's metadata (OpenID Connect Discovery 1.0). */
async function tokenUrlOf({ auth }: StageConfig, outputs: StageOutputs): Promise<string> {
  if (auth.issuer === undefined) return requiredOutput(outputs, 'TokenUrl');
  const url = `${auth.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const metadata = await ask(url).catch(() => undefined);
  const endpoint = member(metadata?.body, 'token_endpoint');
  if (typeof endpoint === 'string') return endpoint;
  throw new CommandFailure(`${url} names no token endpoint: name it with --token-url <url>.`);
}
