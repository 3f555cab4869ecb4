import type { Snapshot } from '../accounts/snapshot-store.ts';
import { Fault } from '../faults.ts';
import { type ByteLru, createByteLru } from '../platform/byte-lru.ts';
import { entityTag } from './conditional.ts';

/** What is answered to a question about one snapshot, whenever and however often it is asked. */
export interface Representation {
  /** JSON. */
  readonly body: string;
  /** Those that depend on the content alone. */
  readonly headers: Readonly<Record<string, string>>;
  /** How many accounts match, where it is a list. */
  readonly count?: number;
}

/** Lambda's limit for a function's answer is 6 MB; some is kept for status and headers. */
const MAX_BYTES = 6 * 1024 * 1024 - 64 * 1024;
/** The most bytes that one UTF-16 unit of the body can take in the function's JSON answer. */
const MAX_BYTES_PER_UNIT = 3;
/** UTF-16 units of all the answers that a container keeps; at most two bytes each. */
const MAX_KEPT_UNITS = 16 * 1024 * 1024;

/**
 * Makes a representation.
 *
 * @param howToAskForLess tells the caller what to do about a body that is too large
 * @throws Fault `413-901` when the body, escaped as the platform does, would pass its limit
 */
export function createRepresentation(
  { body, headers, ...rest }: Representation,
  howToAskForLess: string,
): Representation {
  if (isTooLarge(body)) {
    throw new Fault('tooLarge', {
      developerMessage: `The answer is larger than the platform allows. ${howToAskForLess}`,
    });
  }
  return { ...rest, body, headers: { ...headers, ETag: entityTag(body) } };
}

const kept = new WeakMap<Snapshot['accounts'], ByteLru<Representation>>();

/**
 * The answer to a question about a snapshot: a partner that polls asks the same one again. It is
 * kept as long as the snapshot's accounts are, with the others that were asked for last.
 *
 * @param question names viewer and query as a whole
 */
export function representationOf(
  { accounts }: Snapshot,
  question: string,
  make: () => Representation,
): Representation {
  let answers = kept.get(accounts);
  if (answers === undefined) {
    answers = createByteLru(MAX_KEPT_UNITS, ({ body }) => body.length);
    kept.set(accounts, answers);
  }
  const known = answers.get(question);
  if (known !== undefined) return known;
  const made = make();
  answers.set(question, made);
  return made;
}

function isTooLarge(body: string): boolean {
  if (body.length * MAX_BYTES_PER_UNIT <= MAX_BYTES) return false;
  return Buffer.byteLength(JSON.stringify(body)) > MAX_BYTES;
}
