import { SCOPES } from '../../lambda/accounts/fields.ts';
import { SCHEDULE_LATE_MS } from '../../lambda/platform/config.ts';
import type { StageIssue } from './stage-issues.ts';
import { DEFAULT_FRESH_SECONDS, DEFAULT_STALE_SECONDS, MAX_TAGS } from './stage-schema.ts';

type Json = Readonly<Record<string, unknown>>;
type Issues = Generator<StageIssue, void>;

/**
 * API Gateway allows 300 usage plans in an account and region. The 500 resources of a stack are no
 * limit, since the usage plans of many partners are spread over several stacks.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
 */
const MAX_PARTNERS = 300;

/**
 * The rules of a stage config that span more than one key. They read the raw input, so that they
 * report even when the schema finds something elsewhere.
 *
 * @param region the region of the deployment where the config names none
 */
export function* stageRules(input: unknown, region?: string): Issues {
  const config = at(input);
  const deployedTo = at(config['aws'])['region'] ?? region;
  yield* issuerRules(at(config['auth']), deployedTo);
  yield* partnerRules(at(config['partners']), at(config['auth'])['issuer'] !== undefined);
  yield* cacheRules(at(config['cache']));
  if (typeof deployedTo === 'string') yield* regionRules(config, deployedTo);
  yield* dependentRules(config);
  yield* tagRules(at(at(config['aws'])['tags']));
}

function* issuerRules({ issuer, audience, jwksUri }: Json, region: unknown): Issues {
  if (issuer !== undefined) {
    const expected = 'the audience, since auth.issuer is given';
    if (audience === undefined) yield { path: ['auth', 'audience'], expected };
    return;
  }
  if (String(region).startsWith('cn-')) {
    const expected = 'your own OIDC issuer: there is no Cognito in the regions of China';
    yield { path: ['auth', 'issuer'], expected };
  }
  const expected = 'no such key without auth.issuer';
  if (audience !== undefined) yield { path: ['auth', 'audience'], expected };
  if (jwksUri !== undefined) yield { path: ['auth', 'jwksUri'], expected };
}

function* partnerRules(partners: Json, hasIssuer: boolean): Issues {
  const [first] = SCOPES;
  const owners = new Map<unknown, string>();
  const names = Object.keys(partners);
  for (const name of names) {
    const path = ['partners', name];
    const { clientId, scopes, accounts } = at(partners[name]);
    const owner = owners.get(clientId);
    // The schema's record drops this name without an issue.
    if (name === '__proto__') yield { path, expected: 'another name for a partner' };
    if (Array.isArray(scopes) && scopes.length > 0 && !scopes.includes(first)) {
      yield { path: [...path, 'scopes'], expected: `${first} among them, which opens the routes` };
    }
    if (isObject(accounts) && Object.keys(accounts).length === 0) {
      const expected = 'at least one list; leave the key out to let the partner see every account';
      yield { path: [...path, 'accounts'], expected };
    }
    if (hasIssuer && clientId === undefined) {
      const expected = "the partner's client id, since auth.issuer is given";
      yield { path: [...path, 'clientId'], expected };
    }
    if (clientId === undefined) continue;
    if (!hasIssuer) {
      const expected = "no such key without auth.issuer: the stack's user pool makes the id";
      yield { path: [...path, 'clientId'], expected };
    } else if (owner !== undefined) {
      const expected = `an id of its own, not that of partners.${owner}`;
      yield { path: [...path, 'clientId'], expected };
    }
    owners.set(clientId, owner ?? name);
  }
  if (names.length > MAX_PARTNERS) {
    const expected =
      `at most ${MAX_PARTNERS} partners, not ${names.length}: API Gateway has no more usage ` +
      'plans in an account and region. Deploy the others as a stage in another account or region';
    yield { path: ['partners'], expected };
  }
}

function* cacheRules(cache: Json): Issues {
  const { freshSeconds = DEFAULT_FRESH_SECONDS, staleSeconds, refreshSeconds } = cache;
  const stale = Number(staleSeconds ?? DEFAULT_STALE_SECONDS);
  const longest = stale - SCHEDULE_LATE_MS / 1000;
  if (Number(refreshSeconds) > longest) {
    const expected =
      `at most ${longest}: a snapshot is shown for ${stale} s (cache.staleSeconds), and the next ` +
      `may come ${SCHEDULE_LATE_MS / 1000} s late`;
    yield { path: ['cache', 'refreshSeconds'], expected };
  }
  if (!(stale >= 0 && stale < Number(freshSeconds))) return;
  const byDefault = staleSeconds === undefined ? ` (the default is ${DEFAULT_STALE_SECONDS})` : '';
  const expected = `at least ${String(freshSeconds)}, the value of cache.freshSeconds${byDefault}`;
  yield { path: ['cache', 'staleSeconds'], expected };
}

/** A function or an API can use only what is in its own region. */
function* regionRules(config: Json, region: string): Issues {
  const { secretArn, keyArn } = at(config['credentials']);
  const { certificateArn } = at(at(config['api'])['domain']);
  const arns = {
    'credentials.secretArn': secretArn,
    'credentials.keyArn': keyArn,
    'api.domain.certificateArn': certificateArn,
  };
  for (const [key, arn] of Object.entries(arns)) {
    const [, , , own] = typeof arn === 'string' ? arn.split(':') : [];
    if (own === undefined || own === region) continue;
    const expected = `one of ${region}, where the stage is deployed; this one is of ${own}`;
    yield { path: key.split('.'), expected };
  }
}

function* dependentRules(config: Json): Issues {
  const { secretArn, keyArn } = at(config['credentials']);
  if (keyArn !== undefined && secretArn === undefined) {
    const expected = 'no such key without credentials.secretArn: a new secret gets its own key';
    yield { path: ['credentials', 'keyArn'], expected };
  }
  if (
    at(config['events'])['accountsChanged'] === true &&
    at(config['cache'])['refreshSeconds'] === undefined
  ) {
    const expected =
      'cache.refreshSeconds too, as "cache": { "refreshSeconds": 60 }: RefreshFunction looks for ' +
      'changes on that schedule, and there is none';
    yield { path: ['events', 'accountsChanged'], expected };
  }
  const concurrency = at(at(config['functions'])['concurrency']);
  for (const [name, value] of Object.entries(concurrency)) {
    const { reserved, provisioned } = at(value);
    if (!(Number(provisioned) > Number(reserved))) continue;
    const path = ['functions', 'concurrency', name, 'provisioned'];
    yield { path, expected: `at most ${String(reserved)}, as many as are reserved` };
  }
}

/** IAM tells keys apart by more than their case. */
function* tagRules(tags: Json): Issues {
  const keys = Object.keys(tags);
  const taken = new Set(['application', 'stage']);
  for (const key of keys) {
    if (taken.has(key.toLowerCase())) {
      yield { path: ['aws', 'tags', key], expected: 'a key that is not there yet, in any case' };
    }
    taken.add(key.toLowerCase());
  }
  const expected = `at most ${MAX_TAGS} tags, not ${keys.length}`;
  if (keys.length > MAX_TAGS) yield { path: ['aws', 'tags'], expected };
}

function at(value: unknown): Json {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
