import { Fault } from '../faults.ts';
import { parseSecureUrl } from '../platform/secure-url.ts';

/**
 * A URL of eGain's that credentials may be sent to: `https`, or `http` on this machine.
 *
 * @param variable the environment variable that holds it, for the log
 * @throws Fault `500-902`
 */
export function parseEndpoint(variable: string, text: string): URL {
  const url = parseSecureUrl(text);
  if (url !== undefined) return url;
  throw new Fault('misconfigured', { reason: `${variable} is not an https URL` });
}
