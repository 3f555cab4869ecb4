import * as fc from 'fast-check';
import type { Filter } from '../../lambda/accounts/query.ts';
import type { Account } from '../../lambda/egain/account.ts';
import { DATES, IDS, LANGUAGES, NAMES } from './accounts.ts';

export interface Partner {
  readonly scopes: readonly string[];
  readonly rule?: Readonly<
    Partial<Record<'channel' | 'orchestration' | 'entryPoint' | 'attribute', string[]>>
  >;
}

/** What the contract's table of scopes says, written down anew. */
const OPENED: Readonly<Record<string, RegExp>> = {
  'accounts/read':
    /^(id|name|description|active|channel\.id|created|modified|chatConfigurations\.defaultLanguage)$/,
  'accounts/read.address': /^address$/,
  'accounts/read.configuration': /^(chatConfigurations|caseManagement|attributes)\./,
};
export const LEAVES =
  `id name description active address channel.id created modified caseManagement.sameCaseDuration
  caseManagement.copyCustomAttributes chatConfigurations.timeout chatConfigurations.defaultLanguage
  chatConfigurations.onAgentUnavailability chatConfigurations.allowLogoutWithOpenChats
  chatConfigurations.allowQueueTransferOnAgentUnavailability chatConfigurations.orchestration.id
  chatConfigurations.entryPoint.id attributes.name attributes.value`.split(/\s+/);
const OBJECTS =
  'channel caseManagement chatConfigurations chatConfigurations.orchestration chatConfigurations.entryPoint attributes'.split(
    ' ',
  );

export const isOpen = (partner: Partner, leaf: string): boolean =>
  partner.scopes.some((scope) => OPENED[scope]?.test(leaf));
const under = (path: string) => LEAVES.filter((leaf) => `${leaf}.`.startsWith(`${path}.`));

/** The part of an account whose leaves are in `kept`; undefined where nothing is left. */
export function cut(value: unknown, kept: ReadonlySet<string>, path = ''): unknown {
  const inside = path === '' ? LEAVES : under(path);
  if (inside.every((leaf) => kept.has(leaf))) return value;
  if (!inside.some((leaf) => kept.has(leaf))) return undefined;
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => cut(item, kept, path) ?? {});
  const parts = Object.entries(value)
    .map(([key, part]) => [key, cut(part, kept, path === '' ? key : `${path}.${key}`)] as const)
    .filter(([, part]) => part !== undefined);
  return parts.length === 0 && path !== '' ? undefined : Object.fromEntries(parts);
}

const INSTANTS = new Map<string, number>(
  DATES.flatMap((text, index) => {
    const known = [1616336941516, 1616336941516, 1616336941516.5, 1582934400000][index];
    return known === undefined ? [] : [[text, known] as const];
  }),
);
const instant = (text: string | null | undefined) => INSTANTS.get(text ?? '');
const fold = (text: string) => text.toLowerCase().toUpperCase();
const points = (text: string) =>
  Array.from(text, (char) => (char.codePointAt(0) ?? 0).toString(16).padStart(6, '0')).join('');
const inOrder = (a: string, b: string) => Number(a > b) - Number(a < b);
const has = (account: Account, pair: string) =>
  account.attributes?.some(({ name, value }) => {
    const [first = '', ...rest] = pair.split(':');
    return name === first && value === rest.join(':');
  }) ?? false;

export function exists(account: Account, { rule = {} }: Partner): boolean {
  const chat = account.chatConfigurations;
  return (
    (rule.channel?.includes(account.channel?.id ?? '-') ?? true) &&
    (rule.orchestration?.includes(chat?.orchestration?.id ?? '-') ?? true) &&
    (rule.entryPoint?.includes(chat?.entryPoint?.id ?? '-') ?? true) &&
    (rule.attribute?.some((pair) => has(account, pair)) ?? true)
  );
}

const some = (values: readonly string[]) =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 2 });
const one = (...values: readonly string[]) => fc.constantFrom(...values).map((value) => [value]);
const PAIRS = ['n:v', 'n:v:w', 'm:', 'x:y'];

interface FilterModel {
  readonly leaf: string;
  readonly holds: (account: Account, values: readonly string[]) => boolean;
  /** Values to ask with; some match. */
  readonly values: fc.Arbitrary<string[]>;
}

/** A filter on an id that stands in an account. */
const ids = (leaf: string, idOf: (account: Account) => string | null | undefined): FilterModel => ({
  leaf,
  holds: (account, values) => values.includes(idOf(account) ?? '-'),
  values: some(IDS),
});
const date = (
  leaf: 'created' | 'modified',
  holds: (own: number, asked: number) => boolean,
): FilterModel => ({
  leaf,
  holds: (account, [value]) => holds(instant(account[leaf]) ?? Number.NaN, instant(value) ?? 0),
  values: one(...DATES.slice(0, 4)),
});

const FILTERS: Readonly<Record<keyof Filter, FilterModel>> = {
  active: {
    leaf: 'active',
    holds: (account, [value]) => String(account.active ?? true) === value,
    values: one('true', 'false'),
  },
  name: {
    leaf: 'name',
    holds: ({ name }, [value = '']) => fold(name ?? '').includes(fold(value)),
    values: one(...NAMES.filter((name) => name !== ''), 'ss', 'SS', 'σ'),
  },
  channel: ids('channel.id', ({ channel }) => channel?.id),
  orchestration: ids(
    'chatConfigurations.orchestration.id',
    ({ chatConfigurations }) => chatConfigurations?.orchestration?.id,
  ),
  entryPoint: ids(
    'chatConfigurations.entryPoint.id',
    ({ chatConfigurations }) => chatConfigurations?.entryPoint?.id,
  ),
  language: {
    leaf: 'chatConfigurations.defaultLanguage',
    holds: ({ chatConfigurations }, [value = '']) =>
      fold(chatConfigurations?.defaultLanguage ?? '') === fold(value),
    values: one(...LANGUAGES),
  },
  onAgentUnavailability: {
    leaf: 'chatConfigurations.onAgentUnavailability',
    holds: ({ chatConfigurations }, [value]) => chatConfigurations?.onAgentUnavailability === value,
    values: one('off_hours', 'retain_and_retry'),
  },
  createdAfter: date('created', (own, asked) => own >= asked),
  createdBefore: date('created', (own, asked) => own < asked),
  modifiedAfter: date('modified', (own, asked) => own >= asked),
  modifiedBefore: date('modified', (own, asked) => own < asked),
  attribute: {
    leaf: 'attributes.name',
    holds: (account, pairs) => pairs.every((pair) => has(account, pair)),
    values: some(PAIRS),
  },
};
const FILTER_NAMES = Object.keys(FILTERS) as readonly (keyof Filter)[];

/** What a partner is to see: the model that the product is held to. */
export function expectedAnswer(
  accounts: readonly Account[],
  partner: Partner,
  query: string,
): unknown {
  const asked = new URLSearchParams(query);
  const filters = FILTER_NAMES.filter((name) => asked.has(name)).map((name) => ({
    leaf: FILTERS[name].leaf,
    test: (a: Account) => FILTERS[name].holds(a, asked.getAll(name)),
  }));
  const fields = asked.get('fields')?.split(',');
  const open = LEAVES.filter((leaf) => isOpen(partner, leaf));
  const closed = fields?.some((path) => !under(path).some((leaf) => open.includes(leaf)));
  if (closed === true || filters.some(({ leaf }) => !open.includes(leaf))) return '403-902';

  const [, minus, key = 'name'] = /^(-?)(.*)$/.exec(asked.get('sort') ?? 'name') ?? [];
  const keyOf = (a: Account) =>
    key === 'name'
      ? typeof a.name === 'string' && points(a.name.toLowerCase())
      : (instant(a[key as 'created']) ?? false);
  const seen = accounts.filter((a) => exists(a, partner) && filters.every(({ test }) => test(a)));
  const sorted = seen.toSorted((a, b) => {
    const [first, second] = [keyOf(a), keyOf(b)];
    if (first === second) return inOrder(points(a.id ?? ''), points(b.id ?? ''));
    if (first === false || second === false) return first === false ? 1 : -1;
    return (first > second ? 1 : -1) * (minus === '-' ? -1 : 1);
  });
  const [pagenum, pagesize] = [
    Number(asked.get('pagenum') ?? 1),
    Number(asked.get('pagesize') ?? 100),
  ];
  const kept = new Set(
    fields === undefined ? open : open.filter((leaf) => fields.flatMap(under).includes(leaf)),
  );
  return {
    paginationInfo: { count: sorted.length, pagenum, pagesize },
    account: sorted.slice((pagenum - 1) * pagesize, pagenum * pagesize).map((a) => cut(a, kept)),
  };
}

export const partnerArbitrary: fc.Arbitrary<Partner> = fc.record(
  {
    scopes: fc
      .subarray(['accounts/read.address', 'accounts/read.configuration'])
      .map((more) => ['accounts/read'].concat(more)),
    rule: fc.record(
      {
        channel: some(IDS),
        orchestration: some(IDS),
        entryPoint: some(IDS),
        attribute: some(PAIRS),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['scopes'] },
);

/** Valid query strings: up to two filters, so that something is left, and anything beside them. */
export const queryArbitrary: fc.Arbitrary<string> = fc
  .tuple(
    fc
      .subarray([...FILTER_NAMES], { maxLength: 2 })
      .chain((names) =>
        fc.tuple(...names.map((name) => fc.tuple(fc.constant(name), FILTERS[name].values))),
      ),
    fc.record(
      {
        sort: one('name', '-name', 'created', '-created', 'modified', '-modified'),
        fields: fc
          .uniqueArray(fc.constantFrom(...LEAVES, ...OBJECTS), { minLength: 1, maxLength: 3 })
          .map((paths) => [paths.join(',')]),
        pagenum: one('1', '2', '100000'),
        pagesize: one('1', '2', '500'),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([filters, rest]) => {
    const pairs = [...filters, ...Object.entries(rest)].flatMap(([name, values]) =>
      values.map((value): [string, string] => [name, value]),
    );
    return new URLSearchParams(pairs).toString();
  });
