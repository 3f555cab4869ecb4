import { GatewayApp } from '../lib/gateway-app.ts';
import type { StageConfig } from '../lib/stage/stage-config.ts';
import type { Assembly } from './aws/template.ts';
import type { SimulatedEgain } from './egain/egain.ts';
import type { LocalIssuer } from './issuer/issuer.ts';

/** The audience of the local issuer's tokens. */
export const LOCAL_AUDIENCE = 'egain-accounts';

/** `cdk synth` holds the app to CloudFormation's rules; here that would only be waited for. */
const context = { '@aws-cdk/core:validateAgainstDefaultRules': false };

/** CDK writes a line to standard error for each bundle that it makes; they tell a reader nothing. */
export function synthesise(config: StageConfig, stage: string, outdir: string): Assembly {
  const { stderr } = process;
  const write = stderr.write.bind(stderr);
  stderr.write = (chunk: string | Uint8Array, ...rest: unknown[]) =>
    String(chunk).startsWith('Bundling asset ') || write(chunk, ...(rest as []));
  try {
    return new GatewayApp(config, stage, { outdir, context }).synth();
  } finally {
    stderr.write = write;
  }
}

/** The stage config with the issuer's address, and the simulated eGain's where there is one. */
export function withLocalAddresses(
  config: StageConfig,
  issuer: LocalIssuer,
  egain: SimulatedEgain | undefined,
): StageConfig {
  const named = Object.entries(config.partners).map(
    ([name, partner]) => [name, { ...partner, clientId: partner.clientId ?? name }] as const,
  );
  return {
    ...config,
    egain:
      egain === undefined
        ? config.egain
        : { ...config.egain, apiUrl: egain.apiUrl, tokenUrl: egain.tokenUrl, scope: egain.scope },
    auth: { issuer: issuer.url, audience: LOCAL_AUDIENCE, jwksUri: issuer.jwksUri },
    partners: Object.fromEntries(named),
  };
}
