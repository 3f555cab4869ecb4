import { SCOPES } from '../../lambda/accounts/fields.ts';
import type { ConfigIssue } from './config-issues.ts';
import { DEFAULT_FRESH_SECONDS, DEFAULT_STALE_SECONDS } from './stage-schema.ts';

type Json = Readonly<Record<string, unknown>>;
type Partners = readonly (readonly [name: string, partner: Json])[];

/**
 * API Gateway's own bound: 300 usage plans in an account and region. A stack's 500 resources are
 * none, since the usage plans of many partners are spread over several stacks.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
 */
const MAX_PARTNERS = 300;

/**
 * The rules of a stage config that span more than one key. They look at the input as it is, so
 * that they speak even when the schema finds something elsewhere.
 *
 * @param region the region that the stage would go to where its config names none
 */
export function stageRules(input: unknown, region?: string): ConfigIssue[] {
  const config = at(input);
  const partners: Partners = Object.entries(at(config['partners'])).map(
    ([name, partner]) => [name, at(partner)] as const,
  );
  return [
    ...issuerRules(at(config['auth']), partners, at(config['aws'])['region'] ?? region),
    ...partnerRules(partners),
    ...clientIdRules(partners),
    ...cacheRules(at(config['cache'])),
    ...regionRules(config, region),
    ...boundRules(config),
  ];
}

function issuerRules(auth: Json, partners: Partners, region: unknown): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  if (auth['issuer'] !== undefined) {
    if (auth['audience'] === undefined) {
      issues.push({
        path: ['auth', 'audience'],
        expected: 'the audience, as auth.issuer is given',
      });
    }
    for (const [name, partner] of partners) {
      if (partner['clientId'] !== undefined) continue;
      const expected = "the partner's client id, as auth.issuer is given";
      issues.push({ path: ['partners', name, 'clientId'], expected });
    }
    return issues;
  }
  if (String(region).startsWith('cn-')) {
    const expected = 'an OIDC issuer of your own: there is no Cognito in the regions of China';
    issues.push({ path: ['auth', 'issuer'], expected });
  }
  for (const key of ['audience', 'jwksUri']) {
    if (auth[key] === undefined) continue;
    issues.push({ path: ['auth', key], expected: 'nothing here without auth.issuer' });
  }
  for (const [name, partner] of partners) {
    if (partner['clientId'] === undefined) continue;
    const expected = "nothing here: without auth.issuer the stack's own user pool gives the id";
    issues.push({ path: ['partners', name, 'clientId'], expected });
  }
  return issues;
}

function partnerRules(partners: Partners): ConfigIssue[] {
  const issues = partners.flatMap(([name, { scopes, accounts }]): ConfigIssue[] => {
    const path = ['partners', name];
    const found: ConfigIssue[] = [];
    // The schema's record leaves this name out before anything could be said of it.
    if (name === '__proto__') found.push({ path, expected: 'another name for a partner' });
    const [first] = SCOPES;
    if (Array.isArray(scopes) && scopes.length > 0 && !scopes.includes(first)) {
      const expected = `${first} among them, which opens the routes`;
      found.push({ path: [...path, 'scopes'], expected });
    }
    if (isObject(accounts) && Object.keys(accounts).length === 0) {
      const expected = 'at least one list; leave the key out to let the partner see every account';
      found.push({ path: [...path, 'accounts'], expected });
    }
    return found;
  });
  if (partners.length > MAX_PARTNERS) {
    const expected =
      `at most ${MAX_PARTNERS} partners, not ${partners.length}: API Gateway has no more usage ` +
      'plans in an account and region. Deploy the others as a stage in another account or region';
    issues.push({ path: ['partners'], expected });
  }
  return issues;
}

function clientIdRules(partners: Partners): ConfigIssue[] {
  const owners = new Map<unknown, string>();
  return partners.flatMap(([name, { clientId }]) => {
    if (clientId === undefined) return [];
    const owner = owners.get(clientId);
    owners.set(clientId, owner ?? name);
    if (owner === undefined) return [];
    const expected = `an id of its own, not that of partners.${owner}`;
    return [{ path: ['partners', name, 'clientId'], expected }];
  });
}

function cacheRules(cache: Json): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const { freshSeconds = DEFAULT_FRESH_SECONDS, staleSeconds = DEFAULT_STALE_SECONDS } = cache;
  if (Number(staleSeconds) >= 0 && Number(staleSeconds) < Number(freshSeconds)) {
    const unsaid =
      cache['staleSeconds'] === undefined ? ` (it is ${DEFAULT_STALE_SECONDS} unless given)` : '';
    issues.push({
      path: ['cache', 'staleSeconds'],
      expected: `at least ${String(freshSeconds)}, as many as cache.freshSeconds${unsaid}`,
    });
  }
  return issues;
}

/** What a function or API reads must be where it runs. */
function regionRules(config: Json, known: string | undefined): ConfigIssue[] {
  const region = at(config['aws'])['region'] ?? known;
  if (typeof region !== 'string') return [];
  const { secretArn, keyArn } = at(config['credentials']);
  const { certificateArn } = at(at(config['api'])['domain']);
  const arns = [
    { path: ['credentials', 'secretArn'], arn: secretArn },
    { path: ['credentials', 'keyArn'], arn: keyArn },
    { path: ['api', 'domain', 'certificateArn'], arn: certificateArn },
  ];
  return arns.flatMap(({ path, arn }) => {
    const [, , , own] = typeof arn === 'string' ? arn.split(':') : [];
    if (own === undefined || own === region) return [];
    const expected = `one of ${region}, where the stage is deployed; this one is of ${own}`;
    return [{ path, expected }];
  });
}

function boundRules(config: Json): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const { secretArn, keyArn } = at(config['credentials']);
  if (keyArn !== undefined && secretArn === undefined) {
    const expected = 'nothing here without credentials.secretArn: a new secret gets its own key';
    issues.push({ path: ['credentials', 'keyArn'], expected });
  }
  const concurrency = at(at(config['functions'])['concurrency']);
  for (const name of Object.keys(concurrency)) {
    const { reserved, provisioned } = at(concurrency[name]);
    if (Number(provisioned) > Number(reserved)) {
      const path = ['functions', 'concurrency', name, 'provisioned'];
      issues.push({ path, expected: 'no more than is reserved' });
    }
  }
  return issues;
}

function at(value: unknown): Json {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
