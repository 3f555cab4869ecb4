import { Fault } from '../faults.ts';

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** Whether the URL's host is this machine. */
export function isLoopback(url: URL): boolean {
  return LOOPBACK.has(url.hostname);
}

/**
 * A URL of eGain's that credentials may be sent to: `https`, or `http` on this machine.
 *
 * @param variable the environment variable that holds it, for the log
 * @throws Fault `500-902`
 */
export function parseEndpoint(variable: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url))) return url;
  throw new Fault('500-902', { reason: `${variable} is not an https URL` });
}
