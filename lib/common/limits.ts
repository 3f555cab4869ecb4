import { StageConfigError } from '../stage/stage-config.ts';
import { describeIssues } from '../stage/stage-issues.ts';
import type { StageProps } from './stage-stack.ts';

/**
 * In bytes, names and values together.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
const ENVIRONMENT_BYTES = 4096;
/** What CloudFormation fills in is an ARN, a URL or a name: at most so long. */
const TOKEN_BYTES = 150;
/** How much of the authorizer's environment the client ids of the stack's own pool may take. */
export const CLIENT_IDS_BYTES = 3000;

/** Where the stage config has what stands in a variable. */
const PATHS: Readonly<Record<string, string>> = {
  EGAIN_API_URL: 'egain.apiUrl',
  EGAIN_TOKEN_URL: 'egain.tokenUrl',
  EGAIN_SCOPE: 'egain.scope',
  CREDENTIALS_SECRET_ARN: 'credentials.secretArn',
  CORS_ORIGINS: 'api.corsOrigins',
  PUBLIC_CONTACT_URL: 'api.contactUrl',
  PUBLIC_ISSUER: 'auth.issuer',
  AUTH_ISSUER: 'auth.issuer',
  AUTH_AUDIENCE: 'auth.audience',
  AUTH_JWKS_URI: 'auth.jwksUri',
};

/**
 * Counts a function's environment, which Lambda would refuse only in the middle of a deploy.
 *
 * @param id the function's, for the message
 * @throws StageConfigError naming the key of the stage config that takes the most
 */
export function checkEnvironment(
  id: string,
  variables: Readonly<Record<string, string>>,
  props: StageProps,
): void {
  const bytes = Object.entries(variables).reduce(
    (sum, [name, value]) => sum + name.length + bytesOf(name, value),
    0,
  );
  if (bytes <= ENVIRONMENT_BYTES) return;
  const [longest = ''] = Object.keys(PATHS).toSorted(
    (a, b) => bytesOf(b, variables[b] ?? '') - bytesOf(a, variables[a] ?? ''),
  );
  const expected =
    `less text: with it the environment of ${id} takes ${bytes} bytes, ` +
    `and Lambda allows ${ENVIRONMENT_BYTES}`;
  refuse(props, PATHS[longest] ?? '', expected);
}

/** @throws StageConfigError with one line: the path, its value, and what was expected */
export function refuse({ config, stage }: StageProps, path: string, expected: string): never {
  const issue = { path: path.split('.'), expected };
  throw new StageConfigError(describeIssues(`config/${stage}.json`, config, [issue]));
}

function bytesOf(name: string, value: string): number {
  if (name === 'AUTH_COGNITO_CLIENTS') return CLIENT_IDS_BYTES;
  return Buffer.byteLength(value.replaceAll(/\$\{Token\[.*?\]\}/g, 'x'.repeat(TOKEN_BYTES)));
}
