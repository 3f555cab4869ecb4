import { Fault, isFault } from '../../faults.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Deadline } from '../../platform/deadline.ts';
import { createSingleFlight } from '../../platform/single-flight.ts';
import type { Telemetry } from '../../platform/telemetry.ts';
import type { Upstream } from '../transport/upstream.ts';
import type { Credentials, CredentialsStore } from './secret-store.ts';
import { requestGrant, type TokenEndpoint } from './token-grant.ts';
import type { SharedToken, TokenShelf } from './token-shelf.ts';
import { createTokenStore } from './token-store.ts';

/** A token is renewed this long before it ends, or half its life when that is shorter. */
const EARLY_MS = 60_000;
/** How long credentials that eGain refused are not tried again. */
const QUARANTINE_MS = 30_000;
/** A token that serves for longer was taken by eGain; that it is refused then is a new matter. */
const PROVEN_MS = 30_000;

/** A bearer token, with the credentials that it was granted for. */
export interface Token {
  readonly value: string;
  readonly credentials: Credentials;
}

export interface TokenSource {
  /** @throws Fault, as the credentials store and the grant do; `502-901` during a quarantine */
  get(deadline: Deadline): Promise<Token>;
  /**
   * Another token in place of one that eGain answered 401 to: a renewed one; where that is refused
   * too, one of another version of the secret, read anew. When there is nothing more to try, the
   * secret's version is left alone for 30 s.
   *
   * @returns undefined when there is nothing more to try: the 401 stands
   * @throws Fault, as `get` does
   */
  replace(refused: Token, deadline: Deadline): Promise<Token | undefined>;
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

/** One token, for all containers where there is a shelf, asked for once however many callers wait. */
export function createTokenSource(options: TokenOptions): TokenSource {
  const { endpoint, credentials, upstream, clock, telemetry } = options;
  const store = createTokenStore(clock, options.shelf);
  const flight = createSingleFlight<Token>();
  let quarantined = { version: '', until: 0 };
  /** The last token that came in place of a refused one, and after how many of them. */
  let replacement = { value: '', replaced: 0, at: Number.NEGATIVE_INFINITY };

  const isQuarantined = (version: string) =>
    quarantined.version === version && clock.now() < quarantined.until;
  const quarantine = (version: string) => {
    quarantined = { version, until: clock.now() + QUARANTINE_MS };
    telemetry.warn('eGain refuses the credentials', { secretVersion: version });
  };

  const grant = async (current: Credentials, deadline: Deadline): Promise<Token> => {
    if (isQuarantined(current.version)) {
      throw new Fault('egainCredentialsRefused', {
        reason: 'eGain refused this version of the secret just now',
      });
    }
    const asked = clock.now();
    const now = () => clock.now();
    const { accessToken, lifeSeconds } = await requestGrant(
      endpoint,
      current,
      upstream,
      deadline,
      now,
    );
    const lifeMs = lifeSeconds * 1000;
    await store.write({
      value: accessToken,
      secretVersion: current.version,
      renewAt: asked + lifeMs - Math.min(EARLY_MS, lifeMs / 2),
      endsAt: asked + lifeMs,
    });
    return { value: accessToken, credentials: current };
  };

  const grantOrReread = async (current: Credentials, deadline: Deadline): Promise<Token> => {
    try {
      return await grant(current, deadline);
    } catch (error) {
      if (!isRefusal(error) || isQuarantined(current.version)) throw error;
      const next = await credentials.reread(current.version, deadline);
      if (next.version === current.version) {
        quarantine(current.version);
        throw error;
      }
      telemetry.info('The secret has a new version', { secretVersion: next.version });
      try {
        return await grant(next, deadline);
      } catch (again) {
        if (isRefusal(again) && !isQuarantined(next.version)) quarantine(next.version);
        throw again;
      }
    }
  };

  const obtain = async (deadline: Deadline): Promise<Token> => {
    const current = await credentials.get(deadline);
    const kept = await store.read(current.version);
    if (kept !== undefined && clock.now() < kept.renewAt) return tokenOf(kept, current);
    try {
      return await grantOrReread(current, deadline);
    } catch (error) {
      const unwell = error instanceof Fault && error.retry;
      if (!unwell || kept === undefined || clock.now() >= kept.endsAt) throw error;
      telemetry.warn('A token near its end goes on serving', { code: error.code });
      return tokenOf(kept, current);
    }
  };

  const get = (deadline: Deadline) => flight.run(deadline, () => obtain(deadline));

  const timesReplaced = ({ value }: Token) =>
    replacement.value === value && clock.now() - replacement.at < PROVEN_MS
      ? replacement.replaced
      : 0;
  const getAnother = async (replaced: number, deadline: Deadline): Promise<Token> => {
    const token = await get(deadline);
    // Of pages refused together, the later ones find it there already.
    const most = Math.max(replaced, timesReplaced(token));
    replacement = { value: token.value, replaced: most, at: clock.now() };
    return token;
  };

  return {
    get,
    async replace(refused, deadline) {
      const { version } = refused.credentials;
      const replaced = timesReplaced(refused);
      telemetry.warn('eGain refuses a token', { replaced });
      store.drop(refused.value);
      if (isQuarantined(version)) return undefined;
      if (replaced === 0) return getAnother(1, deadline);
      if (replaced === 1) {
        const next = await credentials.reread(version, deadline);
        if (next.version !== version) return getAnother(2, deadline);
      }
      quarantine(version);
      return undefined;
    },
  };
}

function tokenOf({ value }: SharedToken, credentials: Credentials): Token {
  return { value, credentials };
}

function isRefusal(error: unknown): boolean {
  return isFault(error, 'egainCredentialsRefused');
}
