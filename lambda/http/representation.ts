import { hash } from 'node:crypto';
import { DEFAULT_PAGESIZE, MAX_PAGENUM } from '../accounts/parameters.ts';
import type { Query } from '../accounts/query.ts';
import { Fault } from '../faults.ts';
import type { Snapshot } from '../snapshot/content.ts';
import { writeQueryString } from './request.ts';

/** The answer to a question about one snapshot, whenever it is asked. */
export interface Representation {
  /** JSON. */
  readonly body: string;
  /** The headers that depend on the content alone. */
  readonly headers: Readonly<Record<string, string>>;
  /** How many accounts match, for a list. */
  readonly count?: number;
}

/** Lambda's limit for an answer is 6 MB, some of it kept for status and headers. */
const MAX_ANSWER_BYTES = 6 * 1024 * 1024 - 64 * 1024;
/** The most bytes that one UTF-16 unit of the body takes in the function's JSON answer. */
const MAX_BYTES_PER_UNIT = 3;

/**
 * Makes a representation: checks the body's size and adds its entity tag. The tag is weak, because
 * the gateway may compress the body, and a strong tag would have to differ between the two forms.
 *
 * @param howToAskForLess tells the caller what to do if the body is too large
 * @throws Fault `413-901` if the body, escaped as the platform does, would pass its limit
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-8.8.1
 */
export function createRepresentation(
  { body, headers, ...rest }: Representation,
  howToAskForLess: string,
): Representation {
  const mayBeTooLarge = body.length * MAX_BYTES_PER_UNIT > MAX_ANSWER_BYTES;
  if (mayBeTooLarge && Buffer.byteLength(JSON.stringify(body)) > MAX_ANSWER_BYTES) {
    throw new Fault('tooLarge', {
      developerMessage: `The answer is larger than the platform allows. ${howToAskForLess}`,
    });
  }
  const ETag = `W/"${hash('sha256', body, 'base64url')}"`;
  return { ...rest, body, headers: { ...headers, ETag } };
}

/** All answers that a container keeps, in UTF-16 units, each of which takes at most two bytes. */
const MAX_KEPT_UNITS = 16 * 1024 * 1024;

interface KeptAnswers {
  /** By question; the one used last comes last. */
  readonly answers: Map<string, Representation>;
  units: number;
}

const kept = new WeakMap<Snapshot['accounts'], KeptAnswers>();

/**
 * The answer to a question about a snapshot. A partner that polls asks the same question again, so
 * the answers used last are kept as long as the snapshot's accounts are.
 *
 * @param question names viewer and query as a whole
 */
export function representationOf(
  { accounts }: Snapshot,
  question: string,
  make: () => Representation,
): Representation {
  const known = kept.get(accounts) ?? { answers: new Map<string, Representation>(), units: 0 };
  kept.set(accounts, known);
  const { answers } = known;
  const found = answers.get(question);
  const answer = found ?? make();
  answers.delete(question);
  answers.set(question, answer);
  if (found === undefined) known.units += unitsOf(question, answer);
  for (const [oldest, dropped] of answers) {
    if (known.units <= MAX_KEPT_UNITS) break;
    answers.delete(oldest);
    known.units -= unitsOf(oldest, dropped);
  }
  return answer;
}

const unitsOf = (question: string, { body }: Representation) => question.length + body.length;

/** API Gateway passes on 10,240 bytes of headers; this leaves room for the others. */
const MAX_LINK_BYTES = 9000;

/**
 * The `Link` header of a list: its next, previous, first and last page, as far as there are such,
 * relative to the request's own URL. For a page past the end, the previous one is the last. If the
 * query is so long that not all links fit, the most useful ones stay.
 *
 * @param count how many accounts match
 * @see https://www.rfc-editor.org/rfc/rfc8288#section-3
 */
export function pageLinks(query: Query, count: number): Record<string, string> {
  const { pagenum = 1, pagesize = DEFAULT_PAGESIZE } = query;
  const last = Math.min(Math.max(1, Math.ceil(count / pagesize)), MAX_PAGENUM);
  const pages = {
    next: pagenum < last ? pagenum + 1 : undefined,
    prev: pagenum > 1 ? Math.min(pagenum - 1, last) : undefined,
    first: 1,
    last,
  };
  const rest = writeQueryString({ ...query, pagenum: undefined });
  const links: string[] = [];
  let size = 0;
  for (const [relation, page] of Object.entries(pages)) {
    if (page === undefined) continue;
    const link = `<?pagenum=${page}${rest && `&${rest}`}>; rel="${relation}"`;
    size += link.length + 2;
    if (size > MAX_LINK_BYTES) break;
    links.push(link);
  }
  return links.length === 0 ? {} : { Link: links.join(', ') };
}
