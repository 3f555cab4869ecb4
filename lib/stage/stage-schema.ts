import * as z from 'zod/mini';
import { accountRuleSchema } from '../../lambda/accounts/compare.ts';
import { SCOPES } from '../../lambda/accounts/fields.ts';
import {
  list,
  needed,
  object,
  oneOf,
  optional,
  preset,
  text,
  throttle,
  url,
  whole,
  words,
} from './schema-leaves.ts';

export const DEFAULT_FRESH_SECONDS = 30;
export const DEFAULT_STALE_SECONDS = 600;

/** Partner names become construct ids, API keys' names and a metric's dimension. */
const PARTNER_NAME = /^[A-Za-z][\w-]{0,39}$/;

/** A Secrets Manager secret's ARN, with or without the random suffix; names have 512 characters. */
export const SECRET_ARN =
  /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]{1,519}$/;
const KEY_ARN = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]{1,64}$/;
const CERTIFICATE_ARN = /^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]{1,64}$/;
const HOST_NAME = /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/;

/** The retention periods that CloudWatch Logs offers, in days. */
const LOG_RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
  3653,
] as const;

const egainSchema = object({
  apiUrl: needed("The base of eGain's API, ending in /v3.", url('no query')),
  tokenUrl: needed(
    "The tenant's token URL: Admin Console, Integration, Client Application, Metadata.",
    url('query'),
  ),
  scope: needed(
    'Stands beside the token URL in the Admin Console; separate several with spaces.',
    words('the scope to ask eGain for'),
  ),
  clientAuthentication: preset(
    'How the client id and secret go to the token URL.',
    oneOf('body', 'basic'),
    'body',
  ),
  callsPerMinute: optional(
    'All containers together make no more calls to eGain than this in any minute.',
    whole(1, 100_000),
  ),
});

const credentialsSchema = object({
  secretArn: optional(
    'An existing secret; without it the stack creates an empty one.',
    text(SECRET_ARN, "a Secrets Manager secret's ARN"),
  ),
  keyArn: optional(
    'The customer-managed key of that secret, if it has one.',
    text(KEY_ARN, "a KMS key's ARN, not an alias"),
  ),
});

const authSchema = object({
  issuer: optional(
    'An OIDC issuer; without it the stack creates a Cognito user pool.',
    url('no query'),
  ),
  audience: optional(
    'The audience that tokens must name.',
    words('the audience that tokens are issued for'),
  ),
  jwksUri: optional("Without it, the issuer's OpenID configuration names it.", url('query')),
  clientClaim: optional(
    'The claim that names the client; without it client_id, azp, appid, cid or sub.',
    text(/^[\w:/.-]{1,128}$/, 'the name of a claim'),
  ),
});

const partnerSchema = object({
  clientId: optional(
    'Required with auth.issuer, refused without it.',
    words("the client id that the partner's tokens name"),
  ),
  scopes: needed(
    'The most that the partner may see.',
    list(z.enum(SCOPES, SCOPES.join(', ')), `a list of one or more of ${SCOPES.join(', ')}`),
  ),
  accounts: needed(
    'Which accounts exist for the partner; all by default.',
    z.optional(accountRuleSchema),
  ),
  throttle: z.prefault(throttle({ rate: 10, burst: 20 }, 'by the partner'), {}),
  quota: z.prefault(
    object({
      limit: preset('Requests in a period.', whole(1, 2_147_483_647), 100_000),
      period: preset('When the quota starts anew.', oneOf('DAY', 'WEEK', 'MONTH'), 'DAY'),
    }),
    {},
  ),
});

const partnersSchema = z.record(
  text(PARTNER_NAME, 'a name of letters, digits, - and _, at most 40, beginning with a letter'),
  partnerSchema,
  'an object of partners by name',
);

const cacheSchema = object({
  freshSeconds: preset('How long a snapshot is fresh.', whole(0, 3600), DEFAULT_FRESH_SECONDS),
  staleSeconds: preset(
    'How old a stale answer may be; not below freshSeconds.',
    whole(0, 86_400),
    DEFAULT_STALE_SECONDS,
  ),
  refreshSeconds: optional(
    'A function renews the snapshot this often, so that no caller waits for eGain; at least a minute less than staleSeconds.',
    whole(60, 86_400),
  ),
});

const eventsSchema = object({
  accountsChanged: preset(
    'Whether an event on the default bus tells when the accounts have changed; needs cache.refreshSeconds.',
    z.boolean('true or false'),
    false,
  ),
});

const mutualTlsSchema = object({
  truststoreUri: needed(
    'The s3:// URI of the trusted authorities; partners must also present a client certificate.',
    text(
      /^s3:\/\/[a-z0-9.-]{3,63}\/.{1,1024}$/,
      'the s3:// URI of the PEM bundle of trusted certificate authorities',
    ),
  ),
  truststoreVersion: optional("That object's version id.", words("the object's version id")),
});

const domainSchema = object({
  name: needed(
    'Your own host name; the default one stops answering.',
    text(HOST_NAME, 'a host name in lower case'),
  ),
  certificateArn: needed(
    "The host name's ACM certificate, of the stack's region.",
    text(CERTIFICATE_ARN, "an ACM certificate's ARN, of the stack's region"),
  ),
  mutualTls: z.optional(mutualTlsSchema),
});

const firewallSchema = object({
  requestsPerIp: needed(
    "AWS WAF with AWS's common rules, and so many requests in 5 minutes from one address.",
    whole(10, 2_000_000_000),
  ),
});

const originSchema = z.string('an origin').check(
  z.refine((value) => {
    const parsed = URL.parse(value);
    return parsed?.origin === value && /^https?:$/.test(parsed.protocol);
  }, 'an exact origin like https://app.example.com, no path and no wildcard'),
);

const originsSchema = z
  .array(originSchema, 'a list of origins')
  .check(z.refine((origins) => new Set(origins).size === origins.length, 'no origin twice'));

const apiSchema = object({
  contactUrl: optional('Where partners ask for help; the contract names it.', url('query')),
  domain: z.optional(domainSchema),
  firewall: z.optional(firewallSchema),
  corsOrigins: preset('Browser applications that may call; none by default.', originsSchema, []),
  throttle: z.prefault(throttle({ rate: 200, burst: 400 }, 'by all callers together'), {}),
});

const concurrencySchema = object({
  reserved: optional('Set aside for the function, which gets no more.', whole(1, 100_000)),
  provisioned: optional('Kept warm; costs by the hour.', whole(1, 10_000)),
});

/** @see https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html */
const vpcSchema = object({
  subnetIds: needed(
    'Existing subnets with a way out; every function runs in them.',
    list(text(/^subnet-[0-9a-f]{8,17}$/, 'the id of a subnet'), 'a list of ids of subnets', 16),
  ),
  securityGroupIds: needed(
    'Existing security groups of these functions.',
    list(
      text(/^sg-[0-9a-f]{8,17}$/, 'the id of a security group'),
      'a list of ids of security groups',
      5,
    ),
  ),
});

const functionsSchema = object({
  logLevel: preset(
    'The least level of log lines.',
    oneOf('DEBUG', 'INFO', 'WARN', 'ERROR'),
    'INFO',
  ),
  logRetentionDays: preset(
    'How long logs are kept, as CloudWatch Logs offers it.',
    z.literal(LOG_RETENTION_DAYS, `one of ${LOG_RETENTION_DAYS.join(', ')}`),
    90,
  ),
  concurrency: z.prefault(
    object({
      api: z.prefault(concurrencySchema, {}),
      task: z.prefault(concurrencySchema, {}),
      authorizer: z.prefault(concurrencySchema, {}),
    }),
    {},
  ),
  vpc: z.optional(vpcSchema),
});

const alarmsSchema = object({
  email: optional(
    'Who is alarmed; the address must confirm the subscription.',
    text(/^[^@\s]{1,64}@[^@\s]{3,253}$/, 'an e-mail address'),
  ),
  runbookUrl: optional('Your runbook; every alarm links to its section there.', url('query')),
});

/**
 * What all services take that have tags; `aws:` is AWS's own.
 *
 * @see https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
 */
const TAG_KEY =
  /^(?!aws:)[\p{L}\p{N}_.:/=+@-](?:[\p{L}\p{N} _.:/=+@-]{0,126}[\p{L}\p{N}_.:/=+@-])?$/iu;
const TAG_VALUE = /^[\p{L}\p{N} _.:/=+@-]{1,256}$/u;
/** A resource has 50 at most, and two are the product's own. */
export const MAX_TAGS = 48;

const tagsSchema = z.record(
  text(
    TAG_KEY,
    'a key of letters, digits, spaces and _.:/=+-@, at most 128, not beginning with aws:',
  ),
  text(TAG_VALUE, 'a text of letters, digits, spaces and _.:/=+-@, at most 256'),
  'an object of tags by key',
);

const awsSchema = object({
  account: optional(
    'The only account that the stage is deployed to.',
    text(/^\d{12}$/, 'an AWS account id of 12 digits, in quotes'),
  ),
  region: optional(
    'The only region that the stage is deployed to.',
    text(/^[a-z]{2,}(?:-[a-z]+)+-\d{1,2}$/, 'an AWS region such as eu-west-1'),
  ),
  tags: preset('Tags of every resource, beside application and stage.', tagsSchema, {}),
});

/** `config/<stage>.json`. `config/stage.schema.json`, for editors, is made from this. */
export const stageSchema = object({
  $schema: z.optional(z.string('the path of the JSON Schema')),
  egain: egainSchema,
  credentials: z.prefault(credentialsSchema, {}),
  auth: z.prefault(authSchema, {}),
  partners: z._default(partnersSchema, {}),
  cache: z.prefault(cacheSchema, {}),
  events: z.prefault(eventsSchema, {}),
  api: z.prefault(apiSchema, {}),
  functions: z.prefault(functionsSchema, {}),
  alarms: z.prefault(alarmsSchema, {}),
  aws: z.prefault(awsSchema, {}),
  removalPolicy: preset(
    'What happens to secret, key, user pool and logs when their stack is deleted.',
    oneOf('retain', 'destroy'),
    'retain',
  ),
});

/** A stage's configuration, checked and with its defaults filled in. */
export type StageConfig = z.infer<typeof stageSchema>;

/** As much of a JSON Schema as is read here: of a stage config's, or of a part of it. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly (string | number)[];
  readonly format?: string;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  /** The schema of every further key; undefined where there may be none. */
  readonly additionalProperties?: JsonSchema | false;
}

/** The JSON Schema for editors, kept in `config/stage.schema.json`. */
export function stageJsonSchema(): JsonSchema {
  return z.toJSONSchema(stageSchema, { io: 'input', target: 'draft-07' }) as JsonSchema;
}

/** The keys that the object at this path of a stage config may have. */
export function knownKeysAt(path: readonly PropertyKey[]): string[] {
  return Object.keys(path.reduce(schemaOfKey, stageJsonSchema()).properties ?? {});
}

function schemaOfKey(schema: JsonSchema, key: PropertyKey): JsonSchema {
  const { properties = {}, additionalProperties } = schema;
  const named = Object.entries(properties).find(([name]) => name === key);
  return named?.[1] ?? (additionalProperties || {});
}
