import * as z from 'zod/mini';
import { type Detail, Fault, type FaultName, type FaultOptions, UpstreamFault } from '../faults.ts';
import { type AccountsPage, accountsPageSchema } from './account.ts';
import { parseJson, readEnvelope } from './envelope.ts';
import { createRedact, type Sensitive } from './redact.ts';
import type { Answer } from './transport/attempt.ts';
import { throttled } from './transport/retry-after.ts';
import type { Result } from './transport/upstream.ts';

/** eGain turned the product's request down. */
export class RefusedRequest extends Fault {
  override readonly name: string = 'RefusedRequest';
  /** The status that eGain answered with. */
  readonly upstreamStatus: number;

  constructor(code: FaultName, upstreamStatus: number, options: FaultOptions) {
    super(code, options);
    this.upstreamStatus = upstreamStatus;
  }
}

/**
 * What eGain's API answered: a page of accounts, all of it as its contract says, or a fault.
 *
 * @param sensitive what the request was made with, to be kept out of what is passed on
 * @param now milliseconds since the epoch
 * @throws Fault `502-901` to `502-905`, `503-901`, `504-901`, or eGain's own 5xx
 */
export function judgeAccounts(
  { outcome, waitTooLong }: Result,
  sensitive: Sensitive,
  now: number,
): AccountsPage {
  if (outcome.kind === 'late') {
    throw new Fault('timedOut', { reason: 'eGain did not answer in time' });
  }
  if (outcome.kind === 'broken') {
    throw new Fault('egainUnavailable', {
      reason: `eGain cannot be reached: ${outcome.what} ${outcome.errorCode}`,
    });
  }
  if (outcome.status === 200) return readPage(outcome);

  const { status, headers, text } = outcome;
  const reason = `eGain answered ${status}`;
  const envelope = readEnvelope(status, text, createRedact(sensitive));
  const details: Detail[] = [];
  if (envelope !== undefined) {
    details.push({ key: 'egain.code', value: envelope.code });
    if (envelope.developerMessage !== undefined) {
      details.push({ key: 'egain.developerMessage', value: envelope.developerMessage });
    }
  }
  if (status === 429 || waitTooLong) {
    throw throttled(status, headers, now, { reason, details });
  }
  if (status >= 500) {
    throw envelope === undefined
      ? new Fault('egainUnavailable', { reason })
      : new UpstreamFault(status, envelope);
  }
  throw new RefusedRequest(REFUSALS.get(status) ?? 'egainContractBroken', status, {
    details,
    reason,
  });
}

const REFUSALS: ReadonlyMap<number, FaultName> = new Map([
  [401, 'egainCredentialsRefused'],
  [403, 'egainScopeInsufficient'],
]);

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

function readPage({ headers, text, tooLarge }: Answer): AccountsPage {
  if (tooLarge) throw broken('the page is larger than 20 MB');
  // Without a type, RFC 9110 (section 8.3) lets the content tell.
  if (!JSON_TYPE.test(headers.get('content-type') || 'application/json')) {
    throw broken('the page is not JSON');
  }
  const page = z.safeParse(accountsPageSchema, parseJson(text));
  if (page.success) return page.data;
  const path = dotted(page.error.issues[0]?.path ?? []);
  if (path === '') throw broken('the page is not a JSON object');
  throw broken(`${path} is missing or not of its type`, [{ key: 'egain.field', value: path }]);
}

/** Says what is wrong, never with what value: it may be somebody's address. */
function broken(what: string, details: readonly Detail[] = []): Fault {
  return new Fault('egainContractBroken', {
    developerMessage: `eGain's answer is not what its contract says: ${what}.`,
    details,
    reason: what,
  });
}

/** `account[3].name` for `['account', 3, 'name']`. */
function dotted(path: readonly PropertyKey[]): string {
  return path
    .map((step, index) =>
      typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${String(step)}`,
    )
    .join('');
}
