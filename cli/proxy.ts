import { setGlobalProxyFromEnv } from 'node:http';
import type { Terminal } from './terminal.ts';

type Environment = Terminal['environment'];

/** Requests to this machine never use a proxy. */
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]', '::1'];

/**
 * The proxy settings of an environment in the form that Node.js takes; loopback is excepted.
 *
 * @see https://nodejs.org/docs/latest-v24.x/api/http.html#built-in-proxy-support
 */
export function proxyEnvironment(environment: Environment) {
  const read = (name: string) => environment[name.toLowerCase()] ?? environment[name];
  const except = [read('NO_PROXY'), ...LOOPBACK].filter(Boolean).join(',');
  return { HTTP_PROXY: read('HTTP_PROXY'), HTTPS_PROXY: read('HTTPS_PROXY'), NO_PROXY: except };
}

/** Runs `work` while every request of Node's own agents goes through the environment's proxy. */
export async function withProxy<T>(environment: Environment, work: () => Promise<T>): Promise<T> {
  const proxies = proxyEnvironment(environment);
  const { HTTP_PROXY, HTTPS_PROXY } = proxies;
  if (HTTP_PROXY === undefined && HTTPS_PROXY === undefined) return work();
  const restore = setGlobalProxyFromEnv(proxies);
  return work().finally(restore);
}
