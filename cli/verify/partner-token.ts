import type { StageConfig } from '../../lib/stage/stage-config.ts';
import type { Aws } from '../aws/clients.ts';
import { requiredOutput, type StageOutputs } from '../aws/outputs.ts';
import { findPartnerClient, readClientSecret } from '../aws/partner-client.ts';
import { CommandFailure } from '../command.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** How a partner gets a token. */
export interface PartnerAccess {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string;
}

export interface AccessOptions {
  readonly stage: string;
  readonly partner: string;
  readonly tokenUrl: string | undefined;
  readonly scope: string | undefined;
}

/**
 * The partner's way to a token: credentials of the environment (`PARTNER_CLIENT_ID`,
 * `PARTNER_CLIENT_SECRET`) where they are set, else those of the stage's own user pool.
 *
 * @throws CommandFailure saying what is missing
 */
export async function accessOf(
  options: AccessOptions,
  config: StageConfig,
  outputs: StageOutputs,
  aws: Aws,
  environment: Environment,
): Promise<PartnerAccess> {
  const { stage, partner } = options;
  const scope = options.scope ?? config.partners[partner]?.scopes.join(' ') ?? '';
  const { PARTNER_CLIENT_ID: givenId, PARTNER_CLIENT_SECRET: givenSecret } = environment;
  const tokenUrl = options.tokenUrl ?? (await tokenUrlOf(config, outputs));
  if (givenId !== undefined && givenSecret !== undefined) {
    return { tokenUrl, clientId: givenId, clientSecret: givenSecret, scope };
  }
  if (config.auth.issuer !== undefined) {
    throw new CommandFailure(
      `Stage ${stage} has an issuer of its own: set PARTNER_CLIENT_ID and PARTNER_CLIENT_SECRET ` +
        `to partner ${partner}'s client there.`,
    );
  }
  const client = await findPartnerClient(aws, outputs, stage, partner);
  const clientSecret = await readClientSecret(aws, client);
  return { tokenUrl, clientId: client.clientId, clientSecret, scope };
}

/** The pool's, or what the issuer's own metadata says (OpenID Connect Discovery 1.0). */
async function tokenUrlOf({ auth }: StageConfig, outputs: StageOutputs): Promise<string> {
  if (auth.issuer === undefined) return requiredOutput(outputs, 'TokenUrl');
  const url = `${auth.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  try {
    const metadata: unknown = await (
      await fetch(url, { signal: AbortSignal.timeout(10_000) })
    ).json();
    const endpoint: unknown =
      typeof metadata === 'object' && metadata !== null
        ? Reflect.get(metadata, 'token_endpoint')
        : undefined;
    if (typeof endpoint === 'string') return endpoint;
  } catch {
    // What is said below is all there is to do about it.
  }
  throw new CommandFailure(`${url} names no token endpoint: name it by --token-url <url>.`);
}
