import { FIELD_PATHS } from '../../lambda/accounts/fields.ts';
import type { FetchedPage } from '../../lambda/egain/client.ts';
import { parseJson } from '../../lambda/platform/parse.ts';
import { member } from '../json.ts';

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
export function contractNotes(text: string | null, page: FetchedPage): string[] {
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
