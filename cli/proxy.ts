import { setGlobalProxyFromEnv } from 'node:http';

type Environment = Readonly<Record<string, string | undefined>>;

/** Never by a proxy: what runs on this machine. */
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]', '::1'];

/** The proxy settings of an environment in the form that Node's agents take; loopback is excepted. */
export function proxyEnvironment(environment: Environment): Record<string, string | undefined> {
  const read = (name: string) => environment[name.toLowerCase()] ?? environment[name];
  const except = [read('NO_PROXY'), ...LOOPBACK].filter(Boolean).join(',');
  return {
    HTTP_PROXY: read('HTTP_PROXY'),
    HTTPS_PROXY: read('HTTPS_PROXY'),
    NO_PROXY: except,
  };
}

/**
 * The proxy that a request to `url` goes by, as Node decides it; undefined where it goes straight.
 *
 * @see https://nodejs.org/docs/latest-v24.x/api/http.html#built-in-proxy-support
 */
export function proxyFor(url: URL, environment: Environment): URL | undefined {
  const { HTTP_PROXY, HTTPS_PROXY, NO_PROXY = '' } = proxyEnvironment(environment);
  const proxy = URL.parse((url.protocol === 'https:' ? HTTPS_PROXY : HTTP_PROXY) ?? '');
  if (proxy === null) return undefined;
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const excepted = NO_PROXY.split(',').some((entry) =>
    matches(entry.trim().toLowerCase(), url.hostname.toLowerCase(), port),
  );
  return excepted ? undefined : proxy;
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '') return false;
  if (entry === '*') return true;
  const [, name = entry, wantedPort] = /^(.*?[^:]):(\d+)$/.exec(entry) ?? [];
  if (wantedPort !== undefined && wantedPort !== port) return false;
  if (name.startsWith('*.')) return host.endsWith(name.slice(1));
  if (name.startsWith('.')) return host.endsWith(name) || host === name.slice(1);
  return host === name || inRange(name, host);
}

/** `10.0.0.1-10.0.0.9`, as Node takes it. */
function inRange(entry: string, host: string): boolean {
  const [low, high] = entry.split('-').map(addressNumber);
  const wanted = addressNumber(host);
  if (low === undefined || high === undefined || wanted === undefined) return false;
  return wanted >= low && wanted <= high;
}

function addressNumber(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  return parts?.reduce((sum, part) => sum * 256 + part, 0);
}

/**
 * Lets every request of this process that uses Node's own agent go by the environment's proxy.
 *
 * @returns what undoes it
 */
export function useProxyOf(environment: Environment): () => void {
  const proxies = proxyEnvironment(environment);
  const none = proxies['HTTP_PROXY'] === undefined && proxies['HTTPS_PROXY'] === undefined;
  return none ? () => undefined : setGlobalProxyFromEnv(proxies);
}
