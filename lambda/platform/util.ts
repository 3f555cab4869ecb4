export { parseJson } from './json.ts';
export { isSecure, parseEndpoint, parseSecureUrl } from './url.ts';

/** A function that makes a value when it is first asked for and then keeps it, but no exception. */
export function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
