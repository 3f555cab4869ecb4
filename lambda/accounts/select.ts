import { parseDateTime } from '../platform/date-time.ts';
import type { IndexedAccount } from './indexed-account.ts';
import { createProjection } from './projection.ts';
import { DEFAULT_SORT, type Filter, type Query } from './query.ts';
import type { Snapshot } from './snapshot-store.ts';
import { foldCase } from './text.ts';
import { type View, viewOf } from './view.ts';
import { type FieldPath, hasAttribute, openLeaves, splitPair, type Viewer } from './visibility.ts';

/** The accounts that match a query, in its order. */
export interface Selection {
  /** How many accounts match. */
  readonly count: number;
  /**
   * The JSON text of the account at a position, from 0 to `count - 1`.
   *
   * @throws RangeError for any other position.
   */
  readonly fragment: (position: number) => string;
}

/**
 * Filters, sorts and projects what the viewer can see of a snapshot. Whether the scopes open what
 * the query names is for the caller to have checked (`demandScopes`).
 */
export function select(
  snapshot: Snapshot,
  viewer: Viewer,
  query: Pick<Query, 'filter' | 'sort' | 'fields'>,
): Selection {
  const view = viewOf(snapshot, viewer);
  let accounts = view.ordered(query.sort ?? DEFAULT_SORT);
  for (const test of testsOf(query.filter ?? {})) accounts = accounts.filter(test);
  const text = writer(view, viewer, query.fields);
  return {
    count: accounts.length,
    fragment(position) {
      const account = accounts[position];
      if (account === undefined) throw new RangeError('no account at this position');
      return text(account);
    },
  };
}

/** The JSON text of one account; undefined where the viewer sees none with this id. */
export function selectOne(
  snapshot: Snapshot,
  viewer: Viewer,
  id: string,
  fields?: readonly FieldPath[],
): string | undefined {
  const view = viewOf(snapshot, viewer);
  const found = view.find(id);
  return found && writer(view, viewer, fields)(found);
}

function writer(
  view: View,
  viewer: Viewer,
  fields: readonly FieldPath[] | undefined,
): View['summary'] {
  if (fields === undefined) return view.summary;
  const project = createProjection(openLeaves(viewer.scopes, fields));
  return ({ account }) => project(account);
}

type Test = (indexed: IndexedAccount) => boolean;

function testsOf(filter: Filter): Test[] {
  const tests: Test[] = [];
  const add = <T>(value: T | undefined, testFor: (value: T) => Test) => {
    if (value !== undefined) tests.push(testFor(value));
  };

  add(
    filter.active,
    (active) =>
      ({ account }) =>
        (account.active ?? true) === active,
  );
  add(filter.name, (name) => {
    const part = foldCase(name);
    return ({ foldedName }) => foldedName.includes(part);
  });
  add(filter.channel, (ids) => anyOf(ids, ({ account }) => account.channel.id));
  add(filter.orchestration, (ids) => anyOf(ids, (one) => chatOf(one).orchestration.id));
  add(filter.entryPoint, (ids) => anyOf(ids, (one) => chatOf(one).entryPoint.id));
  add(filter.language, (language) => {
    const folded = foldCase(language);
    return ({ foldedLanguage }) => foldedLanguage === folded;
  });
  add(filter.onAgentUnavailability, (action) => {
    return (one) => chatOf(one).onAgentUnavailability === action;
  });
  add(filter.attribute, (pairs) => {
    const wanted = pairs.map(splitPair);
    return ({ account }) => wanted.every((pair) => hasAttribute(account, pair));
  });
  for (const date of ['created', 'modified'] as const) {
    // An account without the date has NaN, which is neither after nor before.
    add(filter[`${date}After`], (text) => {
      const start = instant(text);
      return (one) => one[date] >= start;
    });
    add(filter[`${date}Before`], (text) => {
      const end = instant(text);
      return (one) => one[date] < end;
    });
  }
  return tests;
}

const chatOf = ({ account }: IndexedAccount) => account.chatConfigurations;

/** An instant that the schema has checked; any other matches nothing. */
const instant = (text: string): number => parseDateTime(text) ?? Number.NaN;

function anyOf(
  wanted: readonly string[],
  value: (indexed: IndexedAccount) => string | null | undefined,
): Test {
  const set: ReadonlySet<string | null | undefined> = new Set(wanted);
  return (indexed) => set.has(value(indexed));
}
