import type { Clock } from '../../platform/clock.ts';
import type { Board, Seen } from './board.ts';
import type { Current } from './current.ts';

/** A holder that dies, or is frozen, is replaced after this. */
export const LEASE_MS = 10_000;
const EXTEND_MS = 3000;
/** A conflict with a write of one's own whose answer got lost is settled by looking again. */
const TRIES = 3;

/** What became of a write: everybody sees it; another has the lease; or the table is away. */
export type Settled = 'shared' | 'lost' | 'alone';

/** The right to walk for all containers, kept alive until it is settled. */
export interface HeldLease {
  readonly owner: string;
  /** What the board said when the lease was taken, or last extended. */
  readonly current: Current;
  /** Whether others know of it; else this container walks for itself. */
  readonly shared: boolean;
  /** Gives the lease back, and writes what came of it; nothing where another has it. */
  settle(change: (current: Current) => Current): Promise<Settled>;
}

/**
 * Takes the lease by a conditional write upon what was seen.
 *
 * @param owner told from every other lease, earlier ones of the same container too
 * @param onLost called when another turns out to have it
 * @returns undefined when somebody else was first
 */
export async function takeLease(
  board: Board,
  seen: Seen,
  owner: string,
  clock: Clock,
  onLost: () => void,
): Promise<HeldLease | undefined> {
  const leased = (current: Current): Current => ({
    ...current,
    lease: { owner, until: clock.now() + LEASE_MS },
  });
  const taken = await board.replace(seen, leased(seen.current));
  if (taken === undefined) return undefined;
  let held = taken;

  const write = async (change: (current: Current) => Current): Promise<Settled> => {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const next = await board.replace(held, change(held.current), true);
      if (next?.shared === false) return 'alone';
      if (next !== undefined) {
        held = next;
        return 'shared';
      }
      const now = await board.read();
      if (!now.shared) return 'alone';
      if (now.current.content?.by === owner) return 'shared';
      if (now.current.lease?.owner !== owner) return 'lost';
      held = now;
    }
    return 'lost';
  };

  let settling = false;
  let callOff: (() => void) | undefined;
  let extending: Promise<void> = Promise.resolve();
  const extend = async () => {
    if ((await write(leased)) === 'lost') onLost();
    else keepAlive();
  };
  const keepAlive = () => {
    if (settling) return;
    callOff = clock.after(EXTEND_MS, () => {
      extending = extend();
    });
  };
  if (taken.shared) keepAlive();

  return {
    owner,
    shared: taken.shared,
    get current() {
      return held.current;
    },
    async settle(change) {
      settling = true;
      callOff?.();
      await extending;
      return write((current) => change({ ...current, lease: undefined }));
    },
  };
}
