import { DEFAULT_PAGESIZE, MAX_PAGENUM } from '../accounts/parameters.ts';
import type { Query } from '../accounts/query.ts';
import { writeQueryString } from './query-string.ts';

/** API Gateway passes on 10,240 bytes of headers; this leaves room for all the others. */
const MAX_BYTES = 9000;

/**
 * The `Link` header of a list: its first, previous, next and last page, as far as there are such,
 * as references relative to the request's own URL. Past the end, the page before is the last one.
 * A query that is very long leaves room for the most useful of them only.
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
    if (size > MAX_BYTES) break;
    links.push(link);
  }
  return links.length === 0 ? {} : { Link: links.join(', ') };
}
