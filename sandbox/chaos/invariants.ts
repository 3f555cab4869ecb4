/** One answer of one container. Times are milliseconds since the epoch. */
export interface Observation {
  /** Which process answered; one that takes the place of another has a number of its own. */
  readonly container: number;
  readonly askedAt: number;
  readonly answeredAt: number;
  readonly status: number;
  /** The error's code, where it is one. */
  readonly code?: string;
  /** The generation that the list holds whole; `undefined` where it is torn, or no list. */
  readonly generation?: number;
  /** The `Age` header, seconds. */
  readonly age?: number;
  /** The `Accounts-Version` header. */
  readonly version?: string;
}

/** What happened in one run. */
export interface History {
  /** In the order of the answers. */
  readonly observations: readonly Observation[];
  /** When each generation began, by its number. */
  readonly generations: readonly number[];
  readonly startedAt: number;
  /** When the last process was killed. */
  readonly calmAt: number;
  /** Times at which a walk asked eGain for its first page. */
  readonly walks: readonly number[];
  /** Processes, those in the place of killed ones included. */
  readonly started: number;
  readonly kills: number;
  /** How often a container found the table too slow for it, and went on alone for a while. */
  readonly tableFailures: number;
  readonly tokenCalls: number;
}

export interface Bounds {
  readonly freshMs: number;
  /** How long a lease of a killed container keeps others from renewing. */
  readonly leaseMs: number;
  /** How long a container goes on alone after the table has failed it. */
  readonly aloneMs: number;
}

/** A header has whole seconds, and a clock is read before or after what it measures. */
const ROUNDING_MS = 2000;

/** Every promise that the run broke, one line each. */
export function violations(history: History, bounds: Bounds): string[] {
  return [
    ...wholeAnswers(history),
    ...neverBack(history),
    ...trueAges(history),
    ...oneVersion(history),
    ...boundedWalks(history, bounds),
    ...freshAgain(history, bounds),
  ];
}

function wholeAnswers({ observations }: History): string[] {
  const lists = observations.filter(({ status }) => status === 200);
  const crashed = observations.filter(({ code }) => code === '500-901');
  return [
    ...(lists.length === 0 ? ['nobody got a list'] : []),
    ...lists
      .filter(({ generation }) => generation === undefined)
      .map(({ container }) => `container ${container} answered with a torn list`),
    ...crashed.map(({ container }) => `container ${container} failed by a fault of its own`),
  ];
}

function neverBack({ observations }: History): string[] {
  const newest = new Map<number, number>();
  return observations.flatMap(({ container, generation }) => {
    if (generation === undefined) return [];
    const before = newest.get(container) ?? generation;
    newest.set(container, Math.max(before, generation));
    return generation < before
      ? [`container ${container} went back from generation ${before} to ${generation}`]
      : [];
  });
}

/** A list was eGain's at some time between its age and its answer. */
function trueAges({ observations, generations }: History): string[] {
  return observations.flatMap(({ container, generation, age = 0, askedAt, answeredAt }) => {
    if (generation === undefined) return [];
    const began = generations[generation] ?? Number.POSITIVE_INFINITY;
    const ended = generations[generation + 1] ?? Number.POSITIVE_INFINITY;
    const tooNew = began > answeredAt;
    const tooOld = ended < askedAt - age * 1000 - ROUNDING_MS;
    return tooNew || tooOld
      ? [`container ${container} says generation ${generation} is ${age} s old, which it is not`]
      : [];
  });
}

function oneVersion({ observations }: History): string[] {
  const versions = new Map<number, Set<string>>();
  for (const { generation, version } of observations) {
    if (generation === undefined || version === undefined) continue;
    const known = versions.get(generation) ?? new Set();
    versions.set(generation, known.add(version));
  }
  const all = versions
    .values()
    .flatMap((each) => each)
    .toArray();
  return [
    ...[...versions].flatMap(([generation, each]) =>
      each.size > 1 ? [`generation ${generation} has ${each.size} versions`] : [],
    ),
    ...(new Set(all).size < all.length ? ['two generations have one version'] : []),
  ];
}

/**
 * One walk a period for all of them, one more for each that a kill may have cut short, and those of
 * containers that went on alone.
 */
function boundedWalks(history: History, { freshMs, aloneMs }: Bounds): string[] {
  const { walks, kills, tokenCalls, tableFailures, startedAt } = history;
  const periods = Math.ceil(((walks.at(-1) ?? startedAt) - startedAt) / freshMs);
  const alone = tableFailures * (Math.ceil(aloneMs / freshMs) + 1);
  const most = periods + 1 + kills + alone;
  const mostTokens = 1 + kills + tableFailures;
  return [
    ...(walks.length > most ? [`eGain was walked ${walks.length} times; ${most} would do`] : []),
    ...(tokenCalls > mostTokens ? [`eGain gave ${tokenCalls} tokens; ${mostTokens} would do`] : []),
  ];
}

/** Two periods after the last fault, and after the lease that it may have left, all is fresh. */
function freshAgain({ observations, generations, calmAt }: History, bounds: Bounds): string[] {
  const from = calmAt + bounds.leaseMs + 2 * bounds.freshMs;
  const after = observations.filter(({ askedAt }) => askedAt >= from);
  if (after.length === 0) return ['nobody answered after the last fault'];
  return after.flatMap(({ container, status, generation, askedAt }) => {
    const ended = generations[(generation ?? 0) + 1] ?? Number.POSITIVE_INFINITY;
    const fresh = status === 200 && ended > askedAt - 2 * bounds.freshMs - ROUNDING_MS;
    return fresh ? [] : [`container ${container} was not fresh again, status ${status}`];
  });
}
