/** This machine's names, as `URL.hostname` writes them. */
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** Whether the URL's host is this machine. */
function isLoopback(url: URL): boolean {
  return LOOPBACK.has(url.hostname);
}

/** Whether nobody on the way can read along: `https`, or `http` that stays on this machine. */
export function isSecure(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url));
}

/**
 * The URL that a text is, if it is a secure one. Not by `URL.parse`, which came with Node.js 22: the
 * bundles also run on 20, which is what a machine may have when they are tried by hand.
 */
export function parseSecureUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && isSecure(url) ? url : undefined;
}
