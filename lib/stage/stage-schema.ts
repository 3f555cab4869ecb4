import * as z from 'zod/mini';
import { SCOPES } from '../../lambda/accounts/fields.ts';
import { accountRuleSchema } from '../../lambda/accounts/view.ts';
import { about, list, object, text, throttle, url, whole, words } from './schema-leaves.ts';
import { alarmsSchema, apiSchema, functionsSchema } from './stage-options.ts';

/** How long a snapshot is fresh, where the config does not say. */
export const DEFAULT_FRESH_SECONDS = 30;
/** How old a snapshot may be that stands in after a failure, where the config does not say. */
export const DEFAULT_STALE_SECONDS = 600;

/** Partner names become construct ids, API keys' names and a metric's dimension. */
const PARTNER_NAME = /^[A-Za-z][\w-]{0,39}$/;

/** A Secrets Manager secret's ARN, with or without the suffix that it is given. */
export const SECRET_ARN = /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+$/;

const egainSchema = object({
  apiUrl: url('no query').check(about("The base of eGain's API, ending in /v3.")),
  tokenUrl: url('query').check(
    about("The tenant's token URL: Admin Console, Integration, Client Application, Metadata."),
  ),
  scope: words('the scope to ask eGain for').check(
    about('What stands beside the token URL in the Admin Console; several with spaces between.'),
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
      about('A secret that exists already; without it the stack creates an empty one.'),
    ),
  ),
  keyArn: z.optional(
    text(
      /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/,
      "a KMS key's ARN, not an alias",
    ).check(about('The customer-managed key of that secret, where it has one.')),
  ),
});

const authSchema = object({
  issuer: z.optional(
    url('no query').check(about('An OIDC issuer; without it the stack makes a Cognito user pool.')),
  ),
  audience: z.optional(words('the audience that tokens are issued for')),
  jwksUri: z.optional(
    url('query').check(about("Without it, the issuer's OpenID configuration names it.")),
  ),
  clientClaim: z.optional(
    text(/^[\w:/.-]{1,128}$/, 'the name of a claim').check(
      about('The claim that names the client; without it client_id, azp, appid, cid or sub.'),
    ),
  ),
});

const awsSchema = object({
  account: z.optional(
    text(/^\d{12}$/, 'an AWS account id of 12 digits, in quotes').check(
      about('The account that the stage is deployed to, and no other.'),
    ),
  ),
  region: z.optional(
    text(/^[a-z]{2}(?:-[a-z]+)+-\d$/, 'an AWS region such as eu-west-1').check(
      about('The region that the stage is deployed to, and no other.'),
    ),
  ),
});

const quotaSchema = object({
  limit: z._default(whole(1, 2_147_483_647), 100_000),
  period: z._default(z.enum(['DAY', 'WEEK', 'MONTH'], '"DAY", "WEEK" or "MONTH"'), 'DAY'),
});

const partnerSchema = object({
  clientId: z.optional(
    words("the client id that the partner's tokens name").check(
      about('With an issuer of your own, and only then.'),
    ),
  ),
  scopes: list(
    z.enum(SCOPES, SCOPES.join(', ')),
    `a list of one or more of ${SCOPES.join(', ')}`,
  ).check(about('What the partner may see, at most.')),
  accounts: z.optional(accountRuleSchema).check(about('Which accounts exist for it; default all.')),
  throttle: z.prefault(throttle({ rate: 10, burst: 20 }), {}),
  quota: z.prefault(quotaSchema, {}),
});

/** `config/<stage>.json`. What is written for editors is made from this too. */
export const stageSchema = object({
  $schema: z.optional(z.string('the path of the JSON Schema')),
  egain: egainSchema,
  credentials: z.prefault(credentialsSchema, {}),
  auth: z.prefault(authSchema, {}),
  partners: z._default(
    z.record(
      text(PARTNER_NAME, 'a name of letters, digits, - and _, at most 40, beginning with a letter'),
      partnerSchema,
      'an object of partners by name',
    ),
    {},
  ),
  cache: z.prefault(
    object({
      freshSeconds: z._default(whole(0, 3600), DEFAULT_FRESH_SECONDS),
      staleSeconds: z._default(whole(0, 86_400), DEFAULT_STALE_SECONDS),
      refreshSeconds: z.optional(
        whole(60, 86_400).check(
          about('A function renews the snapshot so often, and no caller waits for eGain.'),
        ),
      ),
    }),
    {},
  ),
  api: z.prefault(apiSchema, {}),
  functions: z.prefault(functionsSchema, {}),
  alarms: z.prefault(alarmsSchema, {}),
  aws: z.prefault(awsSchema, {}),
  removalPolicy: z._default(
    z
      .enum(['retain', 'destroy'], '"retain" or "destroy"')
      .check(about('What becomes of secret, key, user pool and logs when their stack is deleted.')),
    'retain',
  ),
});

/** A stage's configuration, checked and with its defaults filled in. */
export type StageConfig = z.infer<typeof stageSchema>;
export type PartnerConfig = z.infer<typeof partnerSchema>;

/** The JSON Schema that editors take; kept in `config/stage.schema.json`. */
export function stageJsonSchema(): object {
  return z.toJSONSchema(stageSchema, { io: 'input', target: 'draft-07' });
}

/** As much of a JSON Schema as leads from an object to its keys. */
interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
}

/** The keys that an object of a stage config may have, by where it stands. */
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
