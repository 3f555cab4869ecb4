/** Of one account, in bytes. */
const MAX_ACCOUNT_BYTES = 256 * 1024;
/** Of what one page may hold. Its JSON takes a multiple of its text in memory when it is parsed. */
const MAX_VALUES = 2_000_000;
const MAX_DEPTH = 64;
/** The depth of an account: in the list, in the page. */
const ACCOUNT_DEPTH = 3;
/** UTF-8 has three bytes at most for a UTF-16 unit. */
const MAX_BYTES_PER_UNIT = 3;

/**
 * Looks over a page's text for what would cost too much to parse, in one pass without a copy. What
 * else is wrong with it, the parser tells.
 *
 * @returns what is too much; undefined where nothing is
 */
export function excessIn(text: string): string | undefined {
  if (text.length * MAX_BYTES_PER_UNIT <= MAX_ACCOUNT_BYTES) return undefined;
  let depth = 0;
  let values = 0;
  let began = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charAt(at)) {
      case '"':
        at = endOfString(text, at);
        break;
      case ',':
        values += 1;
        break;
      case '{':
      case '[':
        values += 1;
        depth += 1;
        if (depth === ACCOUNT_DEPTH) began = at;
        break;
      case '}':
      case ']':
        if (depth === ACCOUNT_DEPTH && isTooLong(text, began, at + 1)) {
          return 'an account is larger than 256 KB';
        }
        depth -= 1;
        break;
      default:
    }
    if (depth > MAX_DEPTH) return 'the page is nested too deep';
    if (values > MAX_VALUES) return 'the page holds too many values';
  }
  return undefined;
}

/** The place of the closing quote, or the text's end where there is none. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at += 1) {
    at = text.indexOf('"', at);
    if (at === -1) return text.length;
    let backslashes = 0;
    while (text[at - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return at;
  }
}

function isTooLong(text: string, start: number, end: number): boolean {
  const units = end - start;
  if (units * MAX_BYTES_PER_UNIT <= MAX_ACCOUNT_BYTES) return false;
  return units > MAX_ACCOUNT_BYTES || Buffer.byteLength(text.slice(start, end)) > MAX_ACCOUNT_BYTES;
}
