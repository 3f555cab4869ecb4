import * as z from 'zod/mini';
import { SCOPES } from '../../lambda/accounts/fields.ts';
import { accountRuleSchema } from '../../lambda/accounts/view.ts';
import { about, list, object, text, throttle, url, whole, words } from './schema-leaves.ts';

export const DEFAULT_FRESH_SECONDS = 30;
export const DEFAULT_STALE_SECONDS = 600;

/** Partner names become construct ids, API keys' names and a metric's dimension. */
const PARTNER_NAME = /^[A-Za-z][\w-]{0,39}$/;

/** A Secrets Manager secret's ARN, with or without the random suffix. */
export const SECRET_ARN = /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+$/;
const KEY_ARN = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/;
const CERTIFICATE_ARN = /^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/;
const HOST_NAME = /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/;

/** The retention periods that CloudWatch Logs offers, in days. */
const LOG_RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
  3653,
] as const;

const egainSchema = object({
  apiUrl: url('no query').check(about("The base of eGain's API, ending in /v3.")),
  tokenUrl: url('query').check(
    about("The tenant's token URL: Admin Console, Integration, Client Application, Metadata."),
  ),
  scope: words('the scope to ask eGain for').check(
    about('Stands beside the token URL in the Admin Console; separate several with spaces.'),
  ),
  clientAuthentication: z._default(
    z
      .enum(['body', 'basic'], '"body" or "basic"')
      .check(about('How the client id and secret go to the token URL.')),
    'body',
  ),
  callsPerMinute: z.optional(
    whole(1, 100_000).check(
      about('All containers together make no more calls to eGain than this in any minute.'),
    ),
  ),
});

const credentialsSchema = object({
  secretArn: z.optional(
    text(SECRET_ARN, "a Secrets Manager secret's ARN").check(
      about('An existing secret; without it the stack creates an empty one.'),
    ),
  ),
  keyArn: z.optional(
    text(KEY_ARN, "a KMS key's ARN, not an alias").check(
      about('The customer-managed key of that secret, if it has one.'),
    ),
  ),
});

const authSchema = object({
  issuer: z.optional(
    url('no query').check(
      about('An OIDC issuer; without it the stack creates a Cognito user pool.'),
    ),
  ),
  audience: z.optional(
    words('the audience that tokens are issued for').check(
      about('The audience that tokens must name.'),
    ),
  ),
  jwksUri: z.optional(
    url('query').check(about("Without it, the issuer's OpenID configuration names it.")),
  ),
  clientClaim: z.optional(
    text(/^[\w:/.-]{1,128}$/, 'the name of a claim').check(
      about('The claim that names the client; without it client_id, azp, appid, cid or sub.'),
    ),
  ),
});

const partnerSchema = object({
  clientId: z.optional(
    words("the client id that the partner's tokens name").check(
      about('Required with auth.issuer, refused without it.'),
    ),
  ),
  scopes: list(
    z.enum(SCOPES, SCOPES.join(', ')),
    `a list of one or more of ${SCOPES.join(', ')}`,
  ).check(about('The most that the partner may see.')),
  accounts: z
    .optional(accountRuleSchema)
    .check(about('Which accounts exist for the partner; all by default.')),
  throttle: z.prefault(throttle({ rate: 10, burst: 20 }, 'by the partner'), {}),
  quota: z.prefault(
    object({
      limit: z._default(whole(1, 2_147_483_647).check(about('Requests in a period.')), 100_000),
      period: z._default(
        z
          .enum(['DAY', 'WEEK', 'MONTH'], '"DAY", "WEEK" or "MONTH"')
          .check(about('When the quota starts anew.')),
        'DAY',
      ),
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
  freshSeconds: z._default(
    whole(0, 3600).check(about('How long a snapshot is fresh.')),
    DEFAULT_FRESH_SECONDS,
  ),
  staleSeconds: z._default(
    whole(0, 86_400).check(about('How old a stale answer may be; not below freshSeconds.')),
    DEFAULT_STALE_SECONDS,
  ),
  refreshSeconds: z.optional(
    whole(60, 86_400).check(
      about('A function renews the snapshot this often, so that no caller waits for eGain.'),
    ),
  ),
});

const domainSchema = object({
  name: text(HOST_NAME, 'a host name in lower case').check(
    about('Your own host name; the default one stops answering.'),
  ),
  certificateArn: text(CERTIFICATE_ARN, "an ACM certificate's ARN, of the stack's region").check(
    about("The host name's ACM certificate, of the stack's region."),
  ),
  mutualTls: z.optional(
    object({
      truststoreUri: text(
        /^s3:\/\/[a-z0-9.-]{3,63}\/.+$/,
        'the s3:// URI of the PEM bundle of trusted certificate authorities',
      ).check(
        about(
          'The s3:// URI of the trusted authorities; partners must also present a client certificate.',
        ),
      ),
      truststoreVersion: z.optional(
        words("the object's version id").check(about("That object's version id.")),
      ),
    }),
  ),
});

const originSchema = z.string('an origin').check(
  z.refine((value) => {
    const parsed = URL.parse(value);
    return parsed?.origin === value && /^https?:$/.test(parsed.protocol);
  }, 'an exact origin like https://app.example.com, no path and no wildcard'),
);

const apiSchema = object({
  contactUrl: z.optional(
    url('query').check(about('Where partners ask for help; the contract names it.')),
  ),
  domain: z.optional(domainSchema),
  firewall: z.optional(
    object({
      requestsPerIp: whole(10, 2_000_000_000).check(
        about(
          "AWS WAF with AWS's common rules, and so many requests in 5 minutes from one address.",
        ),
      ),
    }),
  ),
  corsOrigins: z._default(
    z.array(originSchema, 'a list of origins').check(
      z.refine((origins) => new Set(origins).size === origins.length, 'no origin twice'),
      about('Browser applications that may call; none by default.'),
    ),
    [],
  ),
  throttle: z.prefault(throttle({ rate: 200, burst: 400 }, 'by all callers together'), {}),
});

const concurrencySchema = object({
  reserved: z.optional(
    whole(1, 100_000).check(about('Set aside for the function, which gets no more.')),
  ),
  provisioned: z.optional(whole(1, 10_000).check(about('Kept warm; costs by the hour.'))),
});

const functionsSchema = object({
  logLevel: z._default(
    z
      .enum(['DEBUG', 'INFO', 'WARN', 'ERROR'], '"DEBUG", "INFO", "WARN" or "ERROR"')
      .check(about('The least level of log lines.')),
    'INFO',
  ),
  logRetentionDays: z._default(
    z
      .literal(LOG_RETENTION_DAYS, `one of ${LOG_RETENTION_DAYS.join(', ')}`)
      .check(about('How long logs are kept, as CloudWatch Logs offers it.')),
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
});

const alarmsSchema = object({
  email: z.optional(
    text(/^[^@\s]{1,64}@[^@\s]{3,253}$/, 'an e-mail address').check(
      about('Who is alarmed; the address must confirm the subscription.'),
    ),
  ),
  runbookUrl: z.optional(
    url('query').check(about('Your runbook; every alarm links to its section there.')),
  ),
});

const awsSchema = object({
  account: z.optional(
    text(/^\d{12}$/, 'an AWS account id of 12 digits, in quotes').check(
      about('The only account that the stage is deployed to.'),
    ),
  ),
  region: z.optional(
    text(/^[a-z]{2}(?:-[a-z]+)+-\d$/, 'an AWS region such as eu-west-1').check(
      about('The only region that the stage is deployed to.'),
    ),
  ),
});

/** `config/<stage>.json`. `config/stage.schema.json`, for editors, is made from this. */
export const stageSchema = object({
  $schema: z.optional(z.string('the path of the JSON Schema')),
  egain: egainSchema,
  credentials: z.prefault(credentialsSchema, {}),
  auth: z.prefault(authSchema, {}),
  partners: z._default(partnersSchema, {}),
  cache: z.prefault(cacheSchema, {}),
  api: z.prefault(apiSchema, {}),
  functions: z.prefault(functionsSchema, {}),
  alarms: z.prefault(alarmsSchema, {}),
  aws: z.prefault(awsSchema, {}),
  removalPolicy: z._default(
    z
      .enum(['retain', 'destroy'], '"retain" or "destroy"')
      .check(about('What happens to secret, key, user pool and logs when their stack is deleted.')),
    'retain',
  ),
});

/** A stage's configuration, checked and with its defaults filled in. */
export type StageConfig = z.infer<typeof stageSchema>;

/** The JSON Schema for editors, kept in `config/stage.schema.json`. */
export function stageJsonSchema(): object {
  return z.toJSONSchema(stageSchema, { io: 'input', target: 'draft-07' });
}

/** As much of a JSON Schema as leads from an object to its keys. */
interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
}

/** The keys that the object at this path of a stage config may have. */
export function knownKeysAt(path: readonly PropertyKey[]): string[] {
  const inside = (schema: JsonSchema, key: PropertyKey): JsonSchema => {
    const { properties = {}, additionalProperties } = schema;
    const named = Object.hasOwn(properties, key) ? properties[String(key)] : undefined;
    const other = typeof additionalProperties === 'object' ? additionalProperties : {};
    return named ?? other;
  };
  const top: JsonSchema = stageJsonSchema();
  return Object.keys(path.reduce(inside, top).properties ?? {});
}
