import { hash } from 'node:crypto';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod/mini';
import { Fault, isFault } from '../faults.ts';
import {
  type Clock,
  type Deadline,
  singleFlight,
  within,
  withPatience,
} from '../platform/deadline.ts';
import { AWS_CLIENT, errorCode } from '../platform/http-client.ts';
import { errorName, log } from '../platform/log.ts';
import { count } from '../platform/metrics.ts';
import { parseJson } from '../platform/parse.ts';

const KEEP_MS = 5 * 60_000;
/** How long the last value is used before asking again, while Secrets Manager is unwell. */
const UNWELL_MS = 30_000;
/** How long Secrets Manager is waited for where an earlier value can serve. */
const KNOWN_MS = 3000;
/** What a caller is told to wait when the container has never read the secret. */
const RETRY_AFTER_SECONDS = 5;

export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
  /** The secret's version, so that a rotation shows. */
  readonly version: string;
}

export type CredentialsStore = ReturnType<typeof createCredentialsStore>;

/** Credentials out of Secrets Manager, `AWSCURRENT` alone. Makes one read at a time. */
export function createCredentialsStore(secretArn: string, clock: Clock) {
  // The region of the ARN may be another than the function's.
  const region = /^arn:[\w-]+:secretsmanager:([\w-]+):/.exec(secretArn)?.[1];
  const client = new SecretsManagerClient({
    ...(region !== undefined && { region }),
    maxAttempts: 2,
    ...AWS_CLIENT,
  });
  let kept: Credentials | undefined;
  let keepUntil = 0;

  const read = singleFlight(async (deadline: Deadline): Promise<Credentials> => {
    deadline.signal.throwIfAborted();
    const { patienceMs = Number.POSITIVE_INFINITY } = deadline;
    const limited = { ...deadline, patienceMs: Math.min(KNOWN_MS, patienceMs) };
    count('SecretReads');
    const command = new GetSecretValueCommand({ SecretId: secretArn, VersionStage: 'AWSCURRENT' });
    try {
      // The SDK's pauses between attempts do not end with the signal.
      const answer = await withPatience(kept === undefined ? deadline : limited, (patient) =>
        within(client.send(command, { abortSignal: patient.signal }), patient),
      );
      kept = credentialsOf(secretArn, answer.SecretString, answer.VersionId);
      keepUntil = clock.now() + KEEP_MS;
    } catch (error) {
      // The work was cancelled: nobody needs the outcome.
      if (deadline.signal.aborted && deadline.remaining() > 0) throw error;
      const isLate = isFault(error, 'timedOut');
      if (error instanceof Fault && !isLate) throw error;
      const failure = isLate ? 'TimeoutError' : errorName(error);
      log.warn('Reading the secret failed', { secretArn, failure });
      const isUnwell = isLate || isTransient(error);
      if (kept === undefined || deadline.signal.aborted || !isUnwell) {
        if (isLate) {
          throw new Fault('timedOut', { reason: 'Secrets Manager did not answer in time' });
        }
        throw unreadable(secretArn, failure, isUnwell);
      }
      keepUntil = clock.now() + UNWELL_MS;
    }
    return kept;
  });

  return {
    /**
     * The credentials, read at most five minutes ago.
     *
     * @throws Fault `500-902` when the secret is missing, unreadable or malformed
     * @throws Fault `503-903` when Secrets Manager is unwell, and nothing was read before
     * @throws Fault `504-901` when Secrets Manager does not answer in time
     */
    async get(deadline: Deadline): Promise<Credentials> {
      if (kept !== undefined && clock.now() < keepUntil) return kept;
      return read(deadline);
    },
    /** Reads the secret anew, because eGain refuses that version, unless another is known already. */
    async reread(refusedVersion: string, deadline: Deadline): Promise<Credentials> {
      if (kept !== undefined && kept.version !== refusedVersion) return kept;
      return read(deadline);
    },
  };
}

/** The form of a secret's value, to show to the person who puts it there. */
export const SECRET_FORM = '{"clientId":"…","clientSecret":"…"}';
const PLACEHOLDER =
  /^(?:<.*>|\.{3}|…|change[-_ ]?me|replace[-_ ]?me|placeholder|todo|tbd|x{3,}|null|undefined|none|your[-_ ].*)$/i;

const value = () =>
  z.string().check(
    z.refine(
      (text) => /[^\p{White_Space}\p{Default_Ignorable_Code_Point}]/u.test(text),
      'is empty',
    ),
    z.refine((text) => !/\p{Cc}/u.test(text), 'holds a control character'),
    z.refine((text) => !PLACEHOLDER.test(text.trim()), 'is a placeholder'),
  );
const secretSchema = z.object({ clientId: value(), clientSecret: value() });

/** Kinds of characters that pasting adds to a value, and that hardly any value begins or ends with. */
const PASTED: readonly (readonly [kind: string, characters: RegExp])[] = [
  ['a quotation mark', /[\p{Quotation_Mark}`´]/u],
  ['a no-break space', /[\u00A0\u2007\u202F]/],
  ['a zero-width character', /[\u200B-\u200D\u2060\uFEFF]/],
  ['an invisible character', /[\p{Default_Ignorable_Code_Point}\p{Cf}]/u],
  ['white space', /\p{White_Space}/u],
];

/**
 * What may have come with the pasting of the credentials, as `clientSecret ends with a no-break
 * space`: the key and the kind of character, never the value.
 */
export function pastedEnds(pair: Pick<Credentials, 'clientId' | 'clientSecret'>): string[] {
  return (['clientId', 'clientSecret'] as const).flatMap((key) => {
    const characters = Array.from(pair[key]);
    const ends = [
      ['begins', characters.at(0) ?? ''],
      ['ends', characters.at(-1) ?? ''],
    ] as const;
    return ends.flatMap(([verb, character]) => {
      const kind = PASTED.find(([, pattern]) => pattern.test(character))?.[0];
      return kind === undefined ? [] : `${key} ${verb} with ${kind}`;
    });
  });
}

/** A secret's value, or what is wrong with it: the key and the kind, never what it holds. */
type SecretReading =
  | { readonly value: Pick<Credentials, 'clientId' | 'clientSecret'> }
  | { readonly fault: string };

export function readSecret(text: string | undefined): SecretReading {
  if (text === undefined) return { fault: 'there is no text, but binary data or nothing,' };
  const json = parseJson(text);
  if (json === undefined) return { fault: 'there is no JSON' };
  const secret = z.safeParse(secretSchema, json);
  if (secret.success) return { value: secret.data };
  const faults = secret.error.issues.map(({ code, path, message }) =>
    code === 'custom'
      ? `${path.join('.')} ${message}`
      : `${path.join('.') || 'the value'} is missing or not of its type`,
  );
  return { fault: faults.join(', ') };
}

function credentialsOf(arn: string, text: string | undefined, version?: string): Credentials {
  const secret = readSecret(text);
  if ('fault' in secret) {
    const reason = `${secret.fault} in the secret ${arn}; put ${SECRET_FORM}`;
    throw new Fault('misconfigured', { reason });
  }
  return { ...secret.value, version: version ?? hash('sha256', JSON.stringify(secret.value)) };
}

function unreadable(arn: string, failure: string, isUnwell: boolean): Fault {
  if (isUnwell) {
    const reason = `the secret ${arn} cannot be read now: ${failure}`;
    return new Fault('secretStoreUnavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS, reason });
  }
  const reasons: Readonly<Record<string, string>> = {
    ResourceNotFoundException: `there is no secret ${arn}, or it has no value yet; put ${SECRET_FORM}`,
    AccessDeniedException: `the function may not read the secret ${arn}, or not use its key`,
  };
  const reason = reasons[failure] ?? `the secret ${arn} cannot be read: ${failure}`;
  return new Fault('misconfigured', { reason });
}

/**
 * Whether Secrets Manager, its key store or the network is unwell, as opposed to a refused request.
 * A fault that the SDK itself finds, such as a missing region, has neither a status nor a code; a
 * body that was cut is a SyntaxError.
 */
function isTransient(error: unknown): boolean {
  const answered = z.safeParse(answeredSchema, error).data;
  const name = errorName(error);
  if (answered === undefined) return name === 'TimeoutError' || errorCode(error) !== undefined;
  const { httpStatusCode: status } = answered.$metadata;
  if (status >= 500 || status === 429) return true;
  return /Throttl|TooManyRequests|LimitExceeded|Internal|Unavailable|RequestTimeout|SyntaxError/.test(
    name,
  );
}
const answeredSchema = z.object({ $metadata: z.object({ httpStatusCode: z.number() }) });
