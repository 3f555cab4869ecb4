import type { IncomingMessage } from 'node:http';

/** This machine as a browser names it, with any port. */
const HERE = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/i;
const ORIGIN_HERE = /^https?:\/\/([^/]+)$/i;
/** What a proxy is asked for, in place of a path. */
const WHOLE_TARGET = /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)/i;

/**
 * Why a request may not be served: a page of somewhere else may have made a browser send it.
 *
 * A name that was made to lead to this machine (DNS rebinding) shows in `Host`; a page of another
 * site in `Origin`, which is `null` for one without a home, such as a sandboxed frame; what goes
 * without `Origin`, such as an image, in `Sec-Fetch-Site`. A program sends none of these, or its
 * own: a request without `Host` is a program's too.
 *
 * @see https://www.w3.org/TR/fetch-metadata/
 */
export function foreignCaller(
  request: IncomingMessage,
): 'Host' | 'Origin' | 'Sec-Fetch-Site' | undefined {
  const target = WHOLE_TARGET.exec(request.url ?? '')?.[1];
  const hosts = [...sent(request, 'host'), ...(target === undefined ? [] : [target])];
  if (!hosts.every((host) => HERE.test(host))) return 'Host';
  const origins = sent(request, 'origin');
  if (!origins.every((origin) => HERE.test(ORIGIN_HERE.exec(origin)?.[1] ?? ''))) return 'Origin';
  const sites = sent(request, 'sec-fetch-site');
  return sites.some((site) => site.toLowerCase() === 'cross-site') ? 'Sec-Fetch-Site' : undefined;
}

/** All values of a header, of which Node keeps the first alone. */
function sent({ headersDistinct }: IncomingMessage, name: string): readonly string[] {
  return headersDistinct[name] ?? [];
}
