import type { Account } from '../../lambda/egain/account.ts';

/** What eGain holds at one time; no two have the same accounts, and each tells its number. */
export interface Generation {
  readonly number: number;
  readonly accounts: readonly Account[];
  /** Unlike that of the last fifty, so that a walk can be told from one of another generation. */
  readonly pageSize: number;
}

const PAGE_SIZES = 50;
const SMALLEST_PAGE = 10;

/** The generation of a number from 0; the ids of neighbours are mostly the same. */
export function generationOf(number: number): Generation {
  const count = 60 + ((number * 7) % 40);
  return {
    number,
    pageSize: SMALLEST_PAGE + (number % PAGE_SIZES),
    accounts: Array.from({ length: count }, (_, index) => ({
      id: `id-${index}`,
      name: `account ${index}`,
      description: `generation ${number}`,
      address: '+15550100',
      channel: { id: `channel-${index % 3}` },
      chatConfigurations: { orchestration: { id: 'o-1' }, entryPoint: { id: '1001' } },
    })),
  };
}

interface ListedAccount {
  readonly id?: unknown;
  readonly description?: unknown;
}

/** The number of the one generation that a list holds whole; `undefined` when it is torn. */
export function generationIn(list: readonly ListedAccount[]): number | undefined {
  const [, digits] = /^generation (\d+)$/.exec(String(list[0]?.description)) ?? [];
  if (digits === undefined) return undefined;
  const { number, accounts } = generationOf(Number(digits));
  const ids = new Set(list.map(({ id }) => id));
  const whole =
    ids.size === accounts.length &&
    list.length === accounts.length &&
    accounts.every(({ id }) => ids.has(id)) &&
    list.every(({ description }) => description === `generation ${number}`);
  return whole ? number : undefined;
}
