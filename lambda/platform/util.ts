import { Fault } from '../faults.ts';

/**
 * The value of a JSON text, before which a byte order mark may stand; undefined where it is none.
 * The engine's own error would quote the text.
 */
export function parseJson(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    return JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
  } catch {
    return undefined;
  }
}

/** A function that makes a value when it is first asked for and then keeps it, but no exception. */
export function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

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

/** Keeps what was used last, up to a total size. */
export interface ByteLru<Value> {
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
}

/**
 * @param maxSize of all that is kept together, in the unit of `sizeOf`; one value alone that passes
 *   it is not kept
 */
export function createByteLru<Value>(
  maxSize: number,
  sizeOf: (value: Value) => number,
): ByteLru<Value> {
  /** The one used last comes last. */
  const kept = new Map<string, Value>();
  let size = 0;

  const drop = (key: string) => {
    const value = kept.get(key);
    if (value === undefined) return;
    kept.delete(key);
    size -= key.length + sizeOf(value);
  };

  return {
    get(key) {
      const value = kept.get(key);
      if (value === undefined) return undefined;
      kept.delete(key);
      kept.set(key, value);
      return value;
    },
    set(key, value) {
      drop(key);
      kept.set(key, value);
      size += key.length + sizeOf(value);
      for (const oldest of kept.keys()) {
        if (size <= maxSize) break;
        drop(oldest);
      }
    },
  };
}

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
