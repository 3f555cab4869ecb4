import { expect } from 'vitest';
import type { WorkflowError } from '../../lambda/faults.ts';
import { contentOf, type EgainFault, versionOf } from './simulated-egain.ts';
import {
  type ApiAnswer,
  FRESH_MS,
  type Outcome,
  type Scenario,
  SKEW_MS,
  STALE_MS,
  type TaskAnswer,
} from './simulation.ts';

type Answer = ApiAnswer | TaskAnswer;

/** Two calls of eGain's, and what a walk takes besides. */
const MOST_TO_BEGIN_MS = 11_000;

/** The codes that may come out, and what has to have gone wrong for them; none: anything. */
const CAUSES: Readonly<Record<string, readonly EgainFault[]>> = {
  '500-100': ['fails'],
  '502-901': ['refuses'],
  '502-902': ['restricts'],
  '502-903': ['makes no sense'],
  '502-905': ['away'],
  '503-901': ['throttles'],
  '503-902': [],
  '504-901': [],
};

/** The error by which a workflow learns of a code. */
const WORKFLOW_ERRORS: Readonly<Record<string, WorkflowError>> = {
  '409-901': 'SnapshotExpired',
  '500-100': 'UpstreamUnavailable',
  '502-901': 'CredentialsRejected',
  '502-902': 'CredentialsRejected',
  '502-903': 'UpstreamContractBroken',
  '502-905': 'UpstreamUnavailable',
  '503-901': 'UpstreamThrottled',
  '503-902': 'UpstreamUnavailable',
  '504-901': 'UpstreamUnavailable',
};

interface Envelope {
  readonly code: string;
  readonly details?: readonly { readonly key: string; readonly value: string }[];
}

/** What a caller was told when there were no accounts; undefined where there were. */
function envelopeOf(answer: Answer): Envelope | undefined {
  if (answer.by === 'task') {
    const { result } = answer;
    return result instanceof Error ? (JSON.parse(result.message) as Envelope) : undefined;
  }
  const { statusCode, body } = answer.response;
  return statusCode >= 400 ? (JSON.parse(body) as Envelope) : undefined;
}

/** Those that have accounts, or say that they are as they were. */
export function shownIn({ answers }: Outcome): readonly Answer[] {
  return answers.filter((answer) => envelopeOf(answer) === undefined);
}

const headerOf = ({ response }: ApiAnswer, name: string) => String(response.headers?.[name] ?? '');

/** What an answer says of where its accounts came from. */
export function stateOf(answer: Answer): 'hit' | 'miss' | 'stale' | undefined {
  if (answer.by === 'task') return undefined;
  const status = headerOf(answer, 'Cache-Status');
  if (/hit; ttl=-/.test(status)) return 'stale';
  return (['hit', 'miss', 'stale'] as const).find((state) => status.includes(state));
}

/** Whether it could still be had from eGain then, that is, nothing had taken its place. */
export function wasTrueAt({ supersededAt }: Outcome, { version = -1 }: Answer, at: number) {
  return supersededAt(version) >= at;
}

/** A table of what breaks a rule; it has to be empty. */
function expectNone<T>(items: readonly T[], breaks: (item: T) => boolean): void {
  expect(items.filter(breaks)).toEqual([]);
}

/** Every caller is answered, by nothing but what the contract has, and for a reason. */
export function expectContract(outcome: Outcome, scenario: Scenario): void {
  const kinds = new Set(scenario.egainFaults.map(({ kind }) => kind));
  const hasCause = (code: string) => {
    const causes = CAUSES[code];
    if (causes === undefined) return false;
    if (code === '503-901' && scenario.callsPerMinute !== undefined) return true;
    return causes.length === 0 || causes.some((kind) => kinds.has(kind));
  };
  expect(outcome.unanswered).toBe(0);
  expectNone(outcome.answers, (answer) => {
    const envelope = envelopeOf(answer);
    return answer.by === 'task'
      ? envelope !== undefined && !isTaskError(answer.result, envelope, hasCause)
      : !(envelope === undefined ? isAnswer(answer) : isError(answer, envelope, hasCause));
  });
}

/**
 * Who came to another's walk may have what can be had while another renews, and whoever waited, or
 * was frozen meanwhile, has it as it was then.
 */
const longestMissMs = ({ at, askedAt }: Answer) => 2 * FRESH_MS + at - askedAt;

function isAnswer(answer: ApiAnswer): boolean {
  const { statusCode, body } = answer.response;
  const age = Number(headerOf(answer, 'Age'));
  const state = stateOf(answer);
  const leftSeconds = FRESH_MS / 1000 - age;
  const ttl = Number(/; ttl=(-?\d+)$/.exec(headerOf(answer, 'Cache-Status'))?.[1]);
  const longestMs = { hit: FRESH_MS, miss: longestMissMs(answer), stale: STALE_MS }[state ?? 'hit'];
  return (
    (statusCode === 304 ? body === '' : statusCode === 200) &&
    headerOf(answer, 'Cache-Control') === `private, max-age=${FRESH_MS / 1000}` &&
    /^\d+$/.test(headerOf(answer, 'Age')) &&
    age * 1000 <= longestMs &&
    ttl === leftSeconds
  );
}

function isError(
  answer: ApiAnswer,
  { code }: Envelope,
  hasCause: (code: string) => boolean,
): boolean {
  const { statusCode } = answer.response;
  const retryAfter = headerOf(answer, 'Retry-After');
  return (
    hasCause(code) &&
    code.startsWith(`${statusCode}-`) &&
    (statusCode === 503 ? /^[1-9]\d*$/.test(retryAfter) : retryAfter === '') &&
    headerOf(answer, 'Cache-Control') === 'no-store' &&
    ['Age', 'ETag', 'Accounts-Version', 'Cache-Status'].every((name) => !headerOf(answer, name))
  );
}

function isTaskError(
  error: unknown,
  { code, details = [] }: Envelope,
  hasCause: (code: string) => boolean,
): boolean {
  const told = details.some(({ key, value }) => key === 'retryAfterSeconds' && Number(value) > 0);
  return (
    error instanceof Error &&
    error.name === WORKFLOW_ERRORS[code] &&
    (code === '409-901' || hasCause(code)) &&
    (told || !code.startsWith('503-'))
  );
}

/** An answer is of one whole content, no older than is allowed, nor than it says. */
export function expectWholeAndRecent(outcome: Outcome): void {
  expectNone(shownIn(outcome), (answer) => {
    if (answer.version === undefined) return true;
    const ofPartners = { hit: FRESH_MS + SKEW_MS, miss: longestMissMs(answer), stale: STALE_MS };
    const allowedMs = answer.by === 'task' ? FRESH_MS : ofPartners[stateOf(answer) ?? 'hit'];
    const toldMs =
      answer.by === 'task' ? FRESH_MS : (Number(headerOf(answer, 'Age')) + 1) * 1000 + SKEW_MS;
    // What a walk brings is of its beginning, and whoever walked it may have it.
    const since = Math.min(answer.at - Math.min(allowedMs, toldMs), answer.askedAt);
    return !wasTrueAt(outcome, answer, since);
  });
}

/** What a workflow has after its last page is one content, each of its accounts once. */
export function expectWholeExports({ exports }: Outcome): void {
  expectNone(exports, (accounts) => {
    const version = versionOf(accounts);
    return version === undefined || accounts.length !== contentOf(version).length;
  });
}

/** Until when what was shown may stand in at least. */
const standsInUntil = (answer: ApiAnswer) =>
  answer.at - (Number(headerOf(answer, 'Age')) + 1) * 1000 + STALE_MS - SKEW_MS;

/**
 * A partner whose container has something that may stand in is answered with accounts, and soon: a
 * token and a page each have 5 s to begin.
 */
export function expectShortWaits({ answers }: Outcome): void {
  const ofPartners = answers.filter((answer) => answer.by === 'api');
  const shown = ofPartners.filter((answer) => envelopeOf(answer) === undefined);
  expectNone(ofPartners, (answer) => {
    const { process, askedAt, at } = answer;
    const before = shown.findLast((each) => each.process === process && each.at <= askedAt);
    if (before === undefined || askedAt + MOST_TO_BEGIN_MS > standsInUntil(before)) return false;
    return envelopeOf(answer) !== undefined || at - askedAt > MOST_TO_BEGIN_MS;
  });
}

/** No container goes back to an older content. */
export function expectMonotonic(outcome: Outcome): void {
  const latest = new Map<number, number>();
  expectNone(shownIn(outcome), ({ process, version = -1 }) => {
    const before = latest.get(process) ?? 0;
    latest.set(process, version);
    return version < before;
  });
}

/** Whoever answers, one content has one version and one entity tag, and no other has them. */
export function expectVersionsToTellContents(outcome: Outcome): void {
  const shown = shownIn(outcome).filter((answer) => answer.by === 'api');
  const contents = new Set(shown.map(({ version }) => version)).size;
  for (const name of ['Accounts-Version', 'ETag']) {
    const values = new Set(shown.map((answer) => headerOf(answer, name)));
    const pairs = new Set(shown.map((answer) => `${answer.version} ${headerOf(answer, name)}`));
    expect([name, values.size, pairs.size]).toEqual([name, contents, contents]);
    expect(values).not.toContain('');
  }
}

/** The shared state never goes back to what was fetched earlier. */
export function expectCommitsToGrow({ commits }: Outcome): void {
  const fetched = commits.map(({ fetchedAt }) => fetchedAt);
  expect(fetched).toEqual([...new Set(fetched)].toSorted((a, b) => a - b));
}

/** Who asks from that moment on gets what eGain has. */
export function expectWellFrom(wellMs: number, outcome: Outcome): void {
  const late = outcome.answers.filter(({ askedAt }) => askedAt > wellMs);
  expectNone(
    late,
    (answer) =>
      envelopeOf(answer) !== undefined || !wasTrueAt(outcome, answer, Number.POSITIVE_INFINITY),
  );
}

/** What a container that finds the table away may still do alone once the table is well. */
const ALONE_MS = 12_000;

/**
 * No minute has more calls of eGain than the budget; where a process may have found the table away in
 * that minute, no more by one process.
 */
export function expectWithinBudget(
  { calls }: Outcome,
  { callsPerMinute = 0, tableFaults, freezes }: Scenario,
): void {
  const tooClose = (some: Outcome['calls']) =>
    some.flatMap((last, index) => {
      const first = some[index - callsPerMinute];
      return first !== undefined && last.at - first.at < 60_000 ? [{ first, last }] : [];
    });
  // For a container that is frozen in the midst of a call of the table, that call takes too long.
  const wasAway = (from: number, to: number) =>
    [...tableFaults, ...freezes].some(({ at, ms }) => at <= to && at + ms + ALONE_MS >= from);

  for (const ofProcess of Map.groupBy(calls, ({ process }) => process).values()) {
    expect(tooClose(ofProcess)).toEqual([]);
  }
  expectNone(tooClose(calls), ({ first, last }) => !wasAway(first.at, last.at));
}

/** What a run of the schedule takes, where all is well. */
const RUN_MS = 15_000;

/** Once all is well, a content that stays is the one that was announced last within a period. */
export function expectAnnounced(wellMs: number, outcome: Outcome, { schedule, endMs }: Scenario) {
  const periodMs = (schedule?.everyMs ?? 0) + RUN_MS;
  const contents = outcome.commits.filter(({ hash }, index, all) => hash !== all[index - 1]?.hash);
  const late = contents.flatMap(({ hash, at }, index) => {
    const due = Math.max(at, wellMs) + periodMs;
    const stayed = (contents[index + 1]?.at ?? endMs) >= due;
    const last = outcome.announced.findLast((one) => one.at <= due)?.hash;
    return stayed && last !== hash ? [{ hash, at, last }] : [];
  });
  expect(late).toEqual([]);
  expect(contents.length).toBeGreaterThan(0);
}
