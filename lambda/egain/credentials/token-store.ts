import type { Clock } from '../../platform/clock.ts';
import type { SharedToken, TokenShelf } from './token-shelf.ts';

/** Where granted tokens are kept: the last one. */
export interface TokenStore {
  /**
   * The token that was granted for this version of the secret, here or by another container; past
   * its `renewAt` only where there is no better one.
   */
  read(secretVersion: string): Promise<SharedToken | undefined>;
  write(token: SharedToken): Promise<void>;
  /** Forgets the token with this value, and no other that has taken its place. */
  drop(value: string): void;
}

/**
 * A container's memory, and behind it the shelf where containers share tokens. The token URL, the
 * scope and the secret's address do not change while a container lives, so the secret's version is a
 * token's key.
 */
export function createTokenStore(clock: Clock, shelf?: TokenShelf): TokenStore {
  let kept: SharedToken | undefined;
  /** The last one that was dropped; it may still lie on the shelf. */
  let dropped: string | undefined;

  const fresh = (token: SharedToken) => clock.now() < token.renewAt;

  return {
    async read(version) {
      const own = fits(kept, version) ? kept : undefined;
      if (own !== undefined && fresh(own)) return own;
      const found = await shelf?.read();
      if (fits(found, version) && fresh(found) && found.value !== dropped) kept = found;
      return fits(kept, version) ? kept : undefined;
    },
    async write(token) {
      kept = token;
      await shelf?.write(token);
    },
    drop(value) {
      dropped = value;
      if (kept?.value === value) kept = undefined;
    },
  };
}

function fits(token: SharedToken | undefined, version: string): token is SharedToken {
  return token?.secretVersion === version;
}
