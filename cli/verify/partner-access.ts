import { parseSecureUrl } from '../../lambda/platform/parse.ts';
import type { StageConfig } from '../../lib/stage/stage-config.ts';
import { findAppClient, readSecret } from '../aws/app-clients.ts';
import type { Aws } from '../aws/clients.ts';
import { requiredOutput, type StageOutputs } from '../aws/stacks.ts';
import { type Finding, failed, ok } from '../findings.ts';
import { member } from '../json.ts';
import { CommandFailure } from '../program.ts';
import type { Terminal } from '../terminal.ts';
import { ask } from './api-checks.ts';

/** How a partner gets a token. */
export interface PartnerAccess {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string;
}

/** As whom to ask, and what to use in place of the partner's own token URL and scopes. */
export interface PartnerOptions {
  readonly stage: string;
  /** @default - the first without an account rule, otherwise the first */
  readonly partner?: string;
  readonly tokenUrl?: string;
  readonly scope?: string;
}

/**
 * Whether the stage has the partner, and how the partner gets a token: with `PARTNER_CLIENT_ID` and
 * `PARTNER_CLIENT_SECRET` of the environment where they are set, otherwise with the client in the
 * stage's own user pool.
 */
export async function checkPartner(
  options: PartnerOptions,
  config: StageConfig,
  outputs: StageOutputs,
  aws: Aws,
  environment: Terminal['environment'],
): Promise<Finding<PartnerAccess>> {
  const { stage } = options;
  const all = Object.entries(config.partners);
  const first = all.find(([, { accounts }]) => accounts === undefined) ?? all[0];
  const [name, entry] =
    options.partner === undefined
      ? (first ?? [])
      : (all.find(([one]) => one === options.partner) ?? []);
  if (name === undefined || entry === undefined) {
    const seen = `the stage has no ${options.partner === undefined ? '' : 'such '}partner`;
    return failed(seen, `Add one under partners in config/${stage}.json, and deploy.`);
  }
  try {
    const tokenUrl = options.tokenUrl ?? (await tokenUrlOf(config, outputs));
    const given = clientIn(environment);
    const expected = given && (entry.clientId ?? (await clientIdInPool(name)));
    if (given !== undefined && expected !== undefined && given.clientId !== expected) {
      return failed(
        'PARTNER_CLIENT_ID is another client',
        `Set PARTNER_CLIENT_ID and PARTNER_CLIENT_SECRET to the client of partner ${name}, ${expected}.`,
      );
    }
    const client = given ?? (await clientInPool(name));
    const value = { ...client, tokenUrl, scope: options.scope ?? entry.scopes.join(' ') };
    return ok(`${name}, client id ${client.clientId}`, { value });
  } catch (error) {
    if (error instanceof CommandFailure) return failed('no credentials', error.message);
    throw error;
  }

  /** Undefined where AWS does not say. */
  async function clientIdInPool(partner: string): Promise<string | undefined> {
    try {
      return (await findAppClient(aws, outputs, stage, partner)).ClientId;
    } catch (error) {
      if (error instanceof CommandFailure) return undefined;
      throw error;
    }
  }

  async function clientInPool(partner: string) {
    if (config.auth.issuer !== undefined) {
      throw new CommandFailure(
        `Stage ${stage} has an issuer of its own: set PARTNER_CLIENT_ID and PARTNER_CLIENT_SECRET ` +
          `to the client of partner ${partner} there.`,
      );
    }
    const client = await findAppClient(aws, outputs, stage, partner);
    return { clientId: client.ClientId, clientSecret: await readSecret(aws, client) };
  }
}

function clientIn({
  PARTNER_CLIENT_ID: clientId,
  PARTNER_CLIENT_SECRET: clientSecret,
}: Terminal['environment']) {
  if (clientId === undefined || clientSecret === undefined) return undefined;
  return { clientId, clientSecret };
}

/** The pool's, or the one in the issuer's metadata (OpenID Connect Discovery 1.0). */
async function tokenUrlOf({ auth }: StageConfig, outputs: StageOutputs): Promise<string> {
  if (auth.issuer === undefined) return requiredOutput(outputs, 'TokenUrl');
  const url = `${auth.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const metadata = await ask(url).catch(() => undefined);
  const endpoint = member(metadata?.body, 'token_endpoint');
  if (typeof endpoint === 'string' && parseSecureUrl(endpoint) !== undefined) return endpoint;
  throw new CommandFailure(`${url} names no https token endpoint: name it with --token-url <url>.`);
}
