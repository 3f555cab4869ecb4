import { FIELD_PATHS } from '../../lambda/accounts/fields.ts';
import type { FetchedPage, FetchPage } from '../../lambda/egain/client.ts';
import type { AttemptResult, UpstreamResponse } from '../../lambda/egain/send.ts';
import { Fault } from '../../lambda/faults.ts';
import type { Deadline } from '../../lambda/platform/deadline.ts';
import { parseJson } from '../../lambda/platform/parse.ts';
import type { StageConfig } from '../../lib/stage/stage-config.ts';
import { type Finding, failed, ok } from '../findings.ts';
import { member } from '../json.ts';
import { answered, isHtml, noAnswer, OUT_OF_TIME, overload, type Recorder } from './answers.ts';
import { familyNotes } from './config.ts';

/** The answer of eGain's API to the first request, with status 200. */
export interface FirstAnswer {
  readonly answer: UpstreamResponse;
  /** What the product makes of it. */
  readonly judged: FetchedPage | Fault;
}

/** Whether eGain's API takes the token, and the client has the scope. */
export async function checkScope(
  egain: StageConfig['egain'],
  fetchPage: FetchPage,
  { results }: Recorder,
  deadline: Deadline,
): Promise<Finding<FirstAnswer>> {
  const judged = await fetchPage(deadline).catch((error: unknown) => {
    if (error instanceof Fault) return error;
    throw error;
  });
  const answer = results.at(-1) ?? OUT_OF_TIME;
  return answer.kind === 'response' && answer.status === 200
    ? ok("eGain's API takes the token and opens the accounts to it", { value: { answer, judged } })
    : diagnoseApi(answer, egain, judged);
}

const API = "eGain's API";

/** What eGain's API means by a status. */
const REFUSALS: Readonly<Record<number, readonly [cause: string, what: string, advice: string]>> = {
  401: [
    'token-refused',
    ': it refuses the token that its token endpoint granted',
    'Token URL, scope and API URL must be of one environment and tenant: compare all three ' +
      "with eGain's Admin Console. The client secret is right: the token endpoint took it.",
  ],
  403: [
    'scope-missing',
    ': the token is good, but the client may not read accounts',
    'Assign app.conversation.conversationmgr.read (or .manage) to the client application in ' +
      "eGain's Admin Console, and name it in egain.scope unless that ends in /.default. " +
      'Renewing tokens or secrets does not help.',
  ],
  400: ['request-refused', '', 'Report it to the makers of this product, with the code.'],
  406: ['request-refused', '', 'Report it to the makers of this product, with the code.'],
};

/** Names the cause of an answer of eGain's API that is not a page. */
export function diagnoseApi(
  result: AttemptResult,
  egain: StageConfig['egain'],
  error: unknown,
): Finding<never> {
  if (result.kind !== 'response') return noAnswer(API, result);
  const codes = egainCodes(result);
  const seen = answered(API, result, codes);
  const overloaded = overload(seen, result, error);
  if (overloaded !== undefined) return overloaded;
  const [cause, what, advice] = REFUSALS[result.status] ?? [
    'api-url',
    codes.length === 0 ? ', not in the form of its errors' : '',
    'Is egain.apiUrl the base that eGain documents, like ' +
      'https://api.egain.cloud/conversation/conversationmgr/v3, on the host of your region?',
  ];
  const notes = cause === 'token-refused' ? familyNotes(egain) : [];
  return failed(`${seen}${what}`, advice, { cause, notes });
}

function egainCodes({ status, text }: UpstreamResponse): string[] {
  const code = member(parseJson(text), 'code');
  const isCode = typeof code === 'string' && /^\d{3}-\d{1,4}$/.test(code);
  return isCode && code.startsWith(`${status}-`) ? [code] : [];
}

/** Whether the product can use page 1, and what is odd in it. */
export function checkPage({ answer, judged }: FirstAnswer): Finding<true> {
  if (judged instanceof Fault) return unusable(answer, judged);
  const { account, bytes, malformed } = judged;
  const { count, pagesize = null } = judged.paginationInfo;
  const { length } = malformed;
  const how = length === 0 ? 'as the contract says' : `${length} malformed fields left out`;
  return ok(`${account.length} accounts in ${size(bytes)}, ${how}`, {
    value: true,
    notes: contractNotes(answer.text, judged),
    measured: { accounts: account.length, count, pagesize, bytes },
  });
}

function unusable(answer: UpstreamResponse, { message }: Fault): Finding<never> {
  if (parseJson(answer.text) !== undefined) return contractBroken(message);
  return failed(
    `${API} answered 200, but ${message}${isHtml(answer) ? ': it is HTML' : ''}`,
    'Is egain.apiUrl right, and is no proxy or sign-in page in between?',
    { cause: answer.unread === 'too-large' ? 'too-large' : 'not-json' },
  );
}

/** A page that is JSON, and that the product refuses. */
export function contractBroken(why: string): Finding<never> {
  return failed(
    `a page differs from eGain's contract: ${why}`,
    'Report it to eGain, and to the makers of this product, which serves no such page.',
    { cause: 'contract-broken' },
  );
}

/** Bytes for people. */
export function size(bytes: number): string {
  return bytes < 10_000 ? `${bytes} bytes` : `${Math.round(bytes / 1000)} KB`;
}

/** What the contract names on a page, without the positions in lists. */
const KNOWN: ReadonlySet<string> = new Set([
  'account',
  'paginationInfo',
  ...['count', 'pagenum', 'pagesize'].map((name) => `paginationInfo.${name}`),
  ...FIELD_PATHS.map((path) => `account.${path}`),
]);
const AVAILABILITY = 'account.chatConfigurations.onAgentUnavailability';
const AVAILABILITIES: ReadonlySet<string> = new Set(['off_hours', 'retain_and_retry']);

/**
 * What is odd in a page that the product takes. Each line names a path, never a value, and accounts
 * with the same oddity share a line.
 *
 * @param text the page, of which `page` is what the product makes
 */
function contractNotes(text: string | null, page: FetchedPage): string[] {
  const body = parseJson(text);
  const found: [path: string, what: string][] = [];
  const add = (path: string, what: string) => found.push([path, what]);
  for (const path of page.malformed) add(path, 'is not as documented, and is left out');
  for (const [path, value] of fieldsOf(body)) {
    const field = withoutPositions(path, '');
    if (!KNOWN.has(field)) add(path, 'is unknown to the contract');
    if (field === AVAILABILITY && typeof value === 'string' && !AVAILABILITIES.has(value)) {
      add(path, 'has a value that the contract does not name');
    }
  }
  for (const [index, { id = null }] of page.account.entries()) {
    if (id === null) add(`account[${index}].id`, 'is missing; nobody can ask for it by id');
  }
  for (const name of ['pagenum', 'pagesize']) {
    if (member(body, 'paginationInfo', name) === undefined) {
      add(`paginationInfo.${name}`, 'is missing');
    }
  }
  return linesOf(found);
}

/**
 * Every named value with its path, as `account[3].channel.id`. Within unknown values, and in lists of
 * lists, which the contract does not know, there is none.
 */
function* fieldsOf(value: unknown, path = ''): Generator<readonly [path: string, value: unknown]> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      if (!Array.isArray(item)) yield* fieldsOf(item, `${path}[${index}]`);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, child] of Object.entries(value)) {
      const at = `${path === '' ? '' : `${path}.`}${shown(name)}`;
      yield [at, child];
      if (KNOWN.has(withoutPositions(at, ''))) yield* fieldsOf(child, at);
    }
  }
}

/** A field's name is eGain's text too, and may be an address or a token. */
function shown(name: string): string {
  return /^[A-Za-z_$][A-Za-z_-]{0,39}\d{0,2}$/.test(name) ? name : '(a name that is not shown)';
}

function withoutPositions(path: string, replacement: string): string {
  return path.replaceAll(/\[\d+\]/g, replacement);
}

function linesOf(found: readonly (readonly [path: string, what: string])[]): string[] {
  const groups = Map.groupBy(found, ([path, what]) => `${withoutPositions(path, '[]')} ${what}`);
  return [...groups].map(([line, [[first] = [''], ...more]]) => {
    const times = more.length === 0 ? '1 time' : `${more.length + 1} times`;
    return first.includes('[') ? `${line} (${times}, first ${first})` : line;
  });
}
