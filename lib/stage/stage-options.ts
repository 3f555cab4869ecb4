import * as z from 'zod/mini';
import { about, object, text, throttle, url, whole, words } from './schema-leaves.ts';

const HOST_NAME = /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/;

/** The retention periods that CloudWatch Logs knows, in days. */
const LOG_RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
  3653,
] as const;

const domainSchema = object({
  name: text(HOST_NAME, 'a host name in lower case'),
  certificateArn: text(
    /^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/,
    "an ACM certificate's ARN, of the stack's region",
  ),
  mutualTls: z.optional(
    object({
      truststoreUri: text(
        /^s3:\/\/[a-z0-9.-]{3,63}\/.+$/,
        'the s3:// URI of the PEM bundle of trusted certificate authorities',
      ),
      truststoreVersion: z.optional(words("the object's version id")),
    }).check(about('Partners must show a client certificate as well.')),
  ),
});

const originSchema = z.string('an origin').check(
  z.refine((value) => {
    const parsed = URL.parse(value);
    return parsed?.origin === value && /^https?:$/.test(parsed.protocol);
  }, 'an exact origin like https://app.example.com, no path and no wildcard'),
);

/** How the API is offered. */
export const apiSchema = object({
  contactUrl: z.optional(
    url('query').check(about('Where partners ask; the contract names it as its contact.')),
  ),
  domain: z.optional(domainSchema.check(about('A host name of your own; the default one closes.'))),
  firewall: z.optional(
    object({
      requestsPerIp: whole(10, 2_000_000_000).check(about('In 5 minutes, by one address.')),
    }).check(about("AWS WAF with AWS's common rules and a rate limit by address.")),
  ),
  corsOrigins: z._default(
    z.array(originSchema, 'a list of origins').check(
      z.refine((origins) => new Set(origins).size === origins.length, 'no origin twice'),
      about('Browser applications that may call; none by default.'),
    ),
    [],
  ),
  throttle: z.prefault(
    throttle({ rate: 200, burst: 400 }).check(about('For all callers together.')),
    {},
  ),
});

const concurrencySchema = object({
  reserved: z.optional(whole(1, 100_000).check(about('At most, and set aside for it.'))),
  provisioned: z.optional(whole(1, 10_000).check(about('Kept warm; costs by the hour.'))),
});

/** How the functions run. */
export const functionsSchema = object({
  logLevel: z._default(
    z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR'], '"DEBUG", "INFO", "WARN" or "ERROR"'),
    'INFO',
  ),
  logRetentionDays: z._default(
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
});

/** Who is told when something is wrong. */
export const alarmsSchema = object({
  email: z.optional(
    text(/^[^@\s]{1,64}@[^@\s]{3,253}$/, 'an e-mail address').check(
      about('Who is woken; the address must confirm the subscription.'),
    ),
  ),
  runbookUrl: z.optional(
    url('query').check(about('Where your runbook is; every alarm links to its section there.')),
  ),
});
