import type { FetchedPage, FetchPage } from '../../lambda/egain/client.ts';
import type { AttemptResult, UpstreamResponse } from '../../lambda/egain/send.ts';
import { Fault } from '../../lambda/faults.ts';
import type { Deadline } from '../../lambda/platform/deadline.ts';
import { parseJson } from '../../lambda/platform/parse.ts';
import type { StageConfig } from '../../lib/stage/stage-config.ts';
import { type Checked } from '../findings.ts';
import { contractDifferences } from './contract-differences.ts';
import { familyNotes } from './egain-family.ts';
import { jsonMembers, OUT_OF_TIME, type Recorder } from './recorder.ts';
import { fails, holds } from './report.ts';

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
): Promise<Checked<FirstAnswer>> {
  const judged = await fetchPage(deadline).catch((error: unknown) => {
    if (error instanceof Fault) return error;
    throw error;
  });
  const result = results.at(-1) ?? OUT_OF_TIME;
  if (result.kind === 'response' && result.status === 200) {
    return holds(
      { answer: result, judged },
      "eGain's API takes the token and opens the accounts to it",
    );
  }
  return diagnoseApi(result, egain, judged instanceof Fault ? judged : undefined);
}

/** Names the cause of an answer of eGain's API that is not a page. */
export function diagnoseApi(
  result: AttemptResult,
  egain: StageConfig['egain'],
  fault: Fault | undefined,
): Checked<never> {
  if (result.kind === 'timeout') {
    return fails(
      'timeout',
      "eGain's API takes the request and does not answer in time",
      'Try again. If it fails again, ask eGain: the product gives up after 25 s.',
    );
  }
  if (result.kind === 'network-error') {
    return fails(
      'unreachable',
      `the connection to eGain's API broke (${result.during}, ${result.errorCode})`,
      'Try again. If it fails again, check the firewall or proxy in between.',
    );
  }
  const { status } = result;
  const code = egainCode(result);
  const seen = `eGain's API answered ${status}${code === undefined ? '' : ` (${code})`}`;
  if (status === 401) {
    return fails(
      'token-refused',
      `${seen}: it refuses the token that its token endpoint granted`,
      'Token URL, scope and API URL must be of one environment and tenant: compare all three ' +
        "with eGain's Admin Console. The client secret is right: the token endpoint took it.",
      { notes: familyNotes(egain) },
    );
  }
  if (status === 403) {
    return fails(
      'scope-missing',
      `${seen}: the token is good, but the client may not read accounts`,
      'Assign app.conversation.conversationmgr.read (or .manage) to the client application in ' +
        "eGain's Admin Console, and name it in egain.scope unless that ends in /.default. " +
        'Renewing tokens or secrets does not help.',
    );
  }
  if (status === 429) {
    const seconds = fault?.retryAfterSeconds ?? 60;
    return fails('throttled', seen, `Wait ${seconds} s and try again; ask eGain for the quota.`);
  }
  if (status >= 500) {
    const advice = 'Try again later. Nothing shows that the setup is wrong.';
    return fails('egain-unavailable', seen, advice);
  }
  if (status === 400 || status === 406) {
    const advice = 'Report it to the makers of this product, with the code.';
    return fails('request-refused', seen, advice);
  }
  return fails(
    'api-url',
    `${seen}${code === undefined ? ', not in the form of its errors' : ''}`,
    'Is egain.apiUrl the base that eGain documents, like ' +
      'https://api.egain.cloud/conversation/conversationmgr/v3, on the host of your region?',
  );
}

function egainCode({ status, text }: UpstreamResponse): string | undefined {
  const { code } = jsonMembers(text);
  return typeof code === 'string' && /^\d{3}-\d{1,4}$/.test(code) && code.startsWith(`${status}-`)
    ? code
    : undefined;
}

/** Whether page 1 has the shape of the contract. Names every difference by its path. */
export function checkPage({ answer, judged }: FirstAnswer): Checked<true> {
  const json = parseJson(answer.text);
  if (judged instanceof Fault && (json === undefined || typeof json !== 'object')) {
    return fails(
      answer.unread === 'too-large' ? 'too-large' : 'not-json',
      `eGain's API answered 200 with ${bodyOf(answer)}`,
      'Is egain.apiUrl right, and is no proxy or sign-in page in between?',
    );
  }
  const { faults, notes } = contractDifferences(json);
  if (judged instanceof Fault) {
    const seen = faults.length === 0 ? [judged.message] : faults;
    return fails(
      'contract-broken',
      `page 1 differs from eGain's contract:\n${seen.join('\n')}`,
      'Report it to eGain, and to the makers of this product, which serves no such page.',
      { notes },
    );
  }
  const { count, pagesize } = judged.paginationInfo;
  const rows = judged.account.length;
  const bytes = Buffer.byteLength(answer.text ?? '');
  const leftOut = judged.malformed.length;
  const how = leftOut === 0 ? 'as the contract says' : `${leftOut} malformed fields left out`;
  return holds(true, `${rows} accounts in ${size(bytes)}, ${how}`, {
    notes,
    measured: { accounts: rows, count, pagesize: pagesize ?? null, bytes },
  });
}

function bodyOf({ text, unread, headers }: UpstreamResponse): string {
  if (unread === 'too-large') return 'more than 20 MB';
  if (unread === 'undecodable') return 'a body that cannot be decoded';
  if (text === '') return 'an empty body';
  if (text === null) return 'a body that is not UTF-8';
  return /html/i.test(headers['content-type'] ?? '')
    ? 'a page of HTML'
    : 'a body that is not a JSON object';
}

/** Bytes for people. */
export function size(bytes: number): string {
  return bytes < 10_000 ? `${bytes} bytes` : `${Math.round(bytes / 1000)} KB`;
}
