import { Fault } from '../../lambda/faults.ts';
import { parseJson } from '../../lambda/platform/util.ts';
import { contractDifferences } from '../contract-differences.ts';
import { type Checked, fails, holds } from '../report.ts';
import type { FirstAnswer } from './scope.ts';

/** Whether page 1 has the shape that the contract says; every difference is named by its path. */
export function checkPage({ answer, judged }: FirstAnswer): Checked<true> {
  const json = parseJson(answer.text);
  if (judged instanceof Fault && (json === undefined || typeof json !== 'object')) {
    const [what, cause] = bodyOf(answer.headers.get('content-type') ?? '', answer);
    return fails(
      cause,
      `eGain's API answered 200 with ${what}`,
      'Is egain.apiUrl right, and no proxy or sign-in page in between?',
    );
  }
  const { faults, notes } = contractDifferences(json);
  if (judged instanceof Fault) {
    const seen = faults.length === 0 ? [judged.message] : faults;
    return fails(
      'contract-broken',
      `page 1 differs from eGain's contract:\n${seen.join('\n')}`,
      'Report it to eGain, and to the makers of this product: no page like this is served.',
      { notes },
    );
  }
  const { count, pagesize } = judged.paginationInfo;
  const rows = judged.account.length;
  const bytes = Buffer.byteLength(answer.text ?? '');
  return holds(true, `${rows} accounts in ${size(bytes)}, as the contract says`, {
    notes,
    measured: { accounts: rows, count, pagesize: pagesize ?? null, bytes },
  });
}

function bodyOf(
  contentType: string,
  { text, unread }: FirstAnswer['answer'],
): readonly [what: string, cause: string] {
  if (unread === 'too-large') return ['more than 20 MB', 'too-large'];
  if (unread === 'undecodable') return ['a body that cannot be decoded', 'not-json'];
  if (text === '') return ['an empty body', 'not-json'];
  if (text === null) return ['a body that is not UTF-8', 'not-json'];
  return [
    /html/i.test(contentType) ? 'a page of HTML' : 'a body that is not a JSON object',
    'not-json',
  ];
}

/** Bytes for people. */
export function size(bytes: number): string {
  return bytes < 10_000 ? `${bytes} bytes` : `${Math.round(bytes / 1000)} KB`;
}
