import { Fault } from '../faults.ts';

/**
 * The value of a JSON text, which may begin with a byte order mark; undefined if it is not JSON. The
 * engine's own error would quote the text.
 */
export function parseJson(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    return JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
  } catch {
    return undefined;
  }
}

/** Whether a value is a JSON object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The names of this machine, as `URL.hostname` writes them. */
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** Whether nobody on the way can read along: `https`, or `http` to this machine. */
export function isSecure({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.has(hostname));
}

/**
 * The secure URL that a text is; undefined if it is none. `URL.parse` would need Node.js 22, and the
 * bundles also run on 20, which a machine may have where they are tried by hand.
 */
export function parseSecureUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && isSecure(url) ? url : undefined;
}

/**
 * A URL of eGain's that credentials may be sent to.
 *
 * @param variable the environment variable that holds it, for the log
 * @throws Fault `500-902` if it is not a secure URL
 */
export function parseEndpoint(variable: string, text: string): URL {
  const url = parseSecureUrl(text);
  if (url !== undefined) return url;
  throw new Fault('misconfigured', { reason: `${variable} is not an https URL` });
}
