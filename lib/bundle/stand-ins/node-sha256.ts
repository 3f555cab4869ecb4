import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';

/**
 * Stands in for `@smithy/core/checksum` in the bundles: the SHA-256 that signs requests is
 * Node.js's own, without the SDK's second one in JavaScript for where there is none.
 */
export class Sha256 {
  readonly #hash: Hash | Hmac;

  /** @param secret makes it an HMAC. */
  constructor(secret?: string | ArrayBuffer | Uint8Array) {
    const key = secret instanceof ArrayBuffer ? new Uint8Array(secret) : secret;
    this.#hash = key === undefined ? createHash('sha256') : createHmac('sha256', key);
  }

  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}
