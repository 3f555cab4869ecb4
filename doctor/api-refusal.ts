import type { AttemptResult } from '../lambda/egain/send.ts';
import { throttled } from '../lambda/egain/send.ts';
import { readEnvelope } from '../lambda/egain/words.ts';
import type { StageConfig } from '../lib/stage/stage-config.ts';
import { familyNotes } from './egain-family.ts';
import { type Checked, fails } from './report.ts';

/**
 * Names the cause of an answer of eGain's API that is not a page.
 *
 * @param now milliseconds since the epoch
 */
export function diagnoseApiFailure(
  result: AttemptResult,
  egain: StageConfig['egain'],
  now: number,
): Checked<never> {
  if (result.kind === 'timeout') {
    const advice = 'Try again; if it stays, ask eGain: the product gives up after 25 s.';
    return fails('timeout', "eGain's API takes the request and does not answer in time", advice);
  }
  if (result.kind === 'network-error') {
    const seen = `the connection to eGain's API broke (${result.during}, ${result.errorCode})`;
    return fails(
      'unreachable',
      seen,
      'Try again; if it stays, look at the firewall or proxy in between.',
    );
  }
  const { status, headers, text } = result;
  const code = readEnvelope(status, text, (unread) => unread)?.code;
  const seen = `eGain's API answered ${status}${code === undefined ? '' : ` (${code})`}`;
  switch (status) {
    case 401:
      return fails(
        'token-refused',
        `${seen}: it does not take the token that its token endpoint granted`,
        'Token URL, scope and API URL must be of one environment and tenant: compare all three ' +
          "with eGain's Admin Console. It is not the client secret, which the token endpoint took.",
        { notes: familyNotes(egain) },
      );
    case 403:
      return fails(
        'scope-missing',
        `${seen}: the token is good, but the client may not read accounts`,
        'Assign app.conversation.conversationmgr.read (or .manage) to the client application in ' +
          "eGain's Admin Console, and name it in egain.scope unless that ends in /.default. " +
          'Renewing tokens or secrets does not help.',
      );
    case 429: {
      const { retryAfterSeconds } = throttled(status, headers, now, { reason: seen });
      return fails(
        'throttled',
        seen,
        `Wait ${retryAfterSeconds} s and try again; ask eGain for the quota.`,
      );
    }
    default:
  }
  if (status >= 500) {
    return fails('egain-unavailable', seen, 'Try again later; the setup is not known to be wrong.');
  }
  if (status === 400 || status === 406) {
    return fails(
      'request-refused',
      seen,
      'Report it to the makers of this product, with the code.',
    );
  }
  return fails(
    'api-url',
    `${seen}${code === undefined ? ', not in the form of its errors' : ''}`,
    'Is egain.apiUrl the base that eGain documents, like ' +
      'https://api.egain.cloud/conversation/conversationmgr/v3, on the host of your region?',
  );
}
