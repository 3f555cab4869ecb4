import { Fault, isFault } from '../../faults.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Deadline } from '../../platform/deadline.ts';
import { createSingleFlight } from '../../platform/single-flight.ts';
import type { Telemetry } from '../../platform/telemetry.ts';
import type { Upstream } from '../transport/upstream.ts';
import type { Credentials, CredentialsStore } from './secret-store.ts';
import { requestGrant, type TokenEndpoint } from './token-grant.ts';
import type { TokenShelf } from './token-shelf.ts';

/** A token is renewed this long before it ends, or half its life when that is shorter. */
const EARLY_MS = 60_000;
/** How long credentials that eGain refused are not tried again. */
const HOLD_MS = 30_000;

/** A bearer token, with the credentials that it was granted for. */
export interface Token {
  readonly value: string;
  readonly credentials: Credentials;
}

interface KeptToken extends Token {
  readonly renewAt: number;
  readonly endsAt: number;
}

export interface TokenSource {
  /** @throws Fault, as the credentials store and the grant do; `502-901` during a hold */
  get(deadline: Deadline): Promise<Token>;
  /** Another token in place of one that eGain answered 401 to. */
  renew(refused: Token, deadline: Deadline): Promise<Token>;
  /**
   * A token of another version of the secret, read anew, when a renewed token was refused too.
   *
   * @returns undefined when there is no other version; the refused one is then left alone for 30 s
   */
  renewSecret(refused: Token, deadline: Deadline): Promise<Token | undefined>;
  /** Drops the token and leaves its version of the secret alone for 30 s. */
  hold(refused: Token): void;
}

export interface TokenOptions {
  readonly endpoint: TokenEndpoint;
  readonly credentials: CredentialsStore;
  readonly upstream: Upstream;
  /** Where containers share tokens; without it, each has its own. */
  readonly shelf?: TokenShelf | undefined;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/**
 * One token, for all containers where there is a shelf, asked for once however many callers wait. The token URL, the scope and
 * the secret's address do not change while a container lives, so the secret's version is its key.
 */
export function createTokenSource(options: TokenOptions): TokenSource {
  const { endpoint, credentials, upstream, shelf, clock, telemetry } = options;
  const flight = createSingleFlight<Token>();
  let kept: KeptToken | undefined;
  let held = { version: '', until: 0 };
  /** The last token that eGain answered 401 to; it may still lie on the shelf. */
  let refusedValue: string | undefined;

  const isHeld = (version: string) => held.version === version && clock.now() < held.until;
  const hold = (version: string) => {
    held = { version, until: clock.now() + HOLD_MS };
    telemetry.warn('eGain refuses the credentials', { secretVersion: version });
  };
  const drop = (refused: Token) => {
    refusedValue = refused.value;
    if (kept?.value === refused.value) kept = undefined;
  };
  const keptFor = (version: string) => (kept?.credentials.version === version ? kept : undefined);

  const grant = async (current: Credentials, deadline: Deadline): Promise<Token> => {
    if (isHeld(current.version)) {
      throw new Fault('egainCredentialsRefused', {
        reason: 'eGain refused this version of the secret just now',
      });
    }
    const asked = clock.now();
    const { accessToken, lifeSeconds } = await requestGrant(
      endpoint,
      current,
      upstream,
      deadline,
      () => clock.now(),
    );
    const lifeMs = lifeSeconds * 1000;
    const renewAt = asked + lifeMs - Math.min(EARLY_MS, lifeMs / 2);
    const dates = { renewAt, endsAt: asked + lifeMs };
    kept = { value: accessToken, credentials: current, ...dates };
    const own = kept;
    await shelf?.write({ value: accessToken, secretVersion: current.version, ...dates });
    return own;
  };

  /** A token that another container was granted, where it is as good as one's own. */
  const borrow = async (current: Credentials): Promise<KeptToken | undefined> => {
    const found = await shelf?.read();
    if (found === undefined || found.secretVersion !== current.version) return undefined;
    if (clock.now() >= found.renewAt || found.value === refusedValue) return undefined;
    const { value, renewAt, endsAt } = found;
    kept = { value, credentials: current, renewAt, endsAt };
    return kept;
  };

  const grantOrReread = async (current: Credentials, deadline: Deadline): Promise<Token> => {
    try {
      return await grant(current, deadline);
    } catch (error) {
      if (!isRefusal(error) || isHeld(current.version)) throw error;
      const next = await credentials.reread(current.version, deadline);
      if (next.version === current.version) {
        hold(current.version);
        throw error;
      }
      telemetry.info('The secret has a new version', { secretVersion: next.version });
      try {
        return await grant(next, deadline);
      } catch (again) {
        if (isRefusal(again) && !isHeld(next.version)) hold(next.version);
        throw again;
      }
    }
  };

  const obtain = async (deadline: Deadline): Promise<Token> => {
    const current = await credentials.get(deadline);
    const earlier = keptFor(current.version);
    if (earlier !== undefined && clock.now() < earlier.renewAt) return earlier;
    const borrowed = await borrow(current);
    if (borrowed !== undefined) return borrowed;
    try {
      return await grantOrReread(current, deadline);
    } catch (error) {
      const unwell = error instanceof Fault && error.retry;
      if (!unwell || earlier === undefined || clock.now() >= earlier.endsAt) throw error;
      telemetry.warn('A token near its end goes on serving', { code: error.code });
      return earlier;
    }
  };

  const get = (deadline: Deadline) => flight.run(deadline, () => obtain(deadline));

  return {
    get,
    renew(refused, deadline) {
      drop(refused);
      return get(deadline);
    },
    async renewSecret(refused, deadline) {
      drop(refused);
      const { version } = refused.credentials;
      if (isHeld(version)) return undefined;
      const next = await credentials.reread(version, deadline);
      if (next.version !== version) return get(deadline);
      hold(version);
      return undefined;
    },
    hold(refused) {
      drop(refused);
      hold(refused.credentials.version);
    },
  };
}

function isRefusal(error: unknown): boolean {
  return isFault(error, 'egainCredentialsRefused');
}
