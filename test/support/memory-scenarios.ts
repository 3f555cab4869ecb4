/** Accounts in a number that fills a page walk, and who asks for them. */
export interface MemoryScenario {
  readonly pages: number;
  readonly pagesize: number;
  /** Each round has another content. */
  readonly account: (number: number, round: number) => object;
  readonly viewers: readonly { readonly scopes: string; readonly accounts?: string }[];
}

const READ = 'accounts/read';
const SCOPE_SETS = [
  READ,
  `${READ} accounts/read.address`,
  `${READ} accounts/read.configuration`,
  `${READ} accounts/read.address accounts/read.configuration`,
].map((scopes) => ({ scopes }));
const CHANNELS = Array.from({ length: 64 }, (_, index) => `c${index}`);

const date = (number: number) => new Date(1.6e12 + number * 1e6).toISOString();
const plain = (number: number, round: number) => ({
  id: `id-${number}`,
  name: `Account ${number} of round ${round}`,
  channel: { id: `c${number % CHANNELS.length}` },
  created: date(number),
  modified: date(number * 7),
});

export const MEMORY_SCENARIOS = {
  '99,000 accounts of 1.3 KB for four sets of scopes': {
    pages: 99,
    pagesize: 1000,
    account: (number, round) => ({
      ...plain(number, round),
      description: `d${number}`.repeat(180),
    }),
    viewers: SCOPE_SETS,
  },
  '100,000 accounts for 64 account rules': {
    pages: 100,
    pagesize: 1000,
    account: plain,
    viewers: CHANNELS.map((_, index) => ({
      scopes: READ,
      accounts: JSON.stringify({ channel: CHANNELS.toSpliced(index, 1) }),
    })),
  },
  '140 MB of short attributes': {
    pages: 9,
    pagesize: 65,
    account: (number, round) => ({
      ...plain(number, round),
      attributes: Array.from({ length: 8000 }, (_, index) => ({
        name: index.toString(36),
        value: (number + index).toString(36),
      })),
    }),
    viewers: SCOPE_SETS,
  },
} as const satisfies Readonly<Record<string, MemoryScenario>>;
