import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import axios from 'axios';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FAULTS } from '../../lambda/faults.ts';
import { type ExampleAccount, exampleAccounts } from '../../sandbox/egain/example-accounts.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const guide = readFileSync(new URL('../../docs/partner-guide.md', import.meta.url), 'utf8');

/** The guide's programs, by the file that a reader saves them as. */
const files = new Map(
  [...guide.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)].map(([, name = '', code = '']) => [
    name,
    code,
  ]),
);

const has = (program: string) => spawnSync(program, ['--version']).error === undefined;
/** Every program by its file: how to run it, and what it prints when all is well. */
const PROGRAMS = {
  'accounts.sh': [
    'bash',
    /^HTTP\/1\.1 200 .*\{"paginationInfo":.*\}\n\{"paginationInfo":.*\}\n\{"paginationInfo":.*\}\n$/s,
  ],
  'accounts.mjs': [process.execPath, /^[56]\d\d accounts\n(\S+ .+\n){500,}$/],
  'accounts.py': ['python3', /^[56]\d\d accounts\n(\S+ .+\n){500,}$/],
  'mirror.mjs': [process.execPath, /^(added \S+\n){700}$/],
} as const;
type Program = keyof typeof PROGRAMS;
const NAMES = Object.keys(PROGRAMS) as readonly Program[];
const skipped = (name: Program) =>
  !has(PROGRAMS[name][0]) || (name.endsWith('.sh') && !has('curl'));

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({
    // More than a page of those that are active.
    egain: { accounts: exampleAccounts(700) },
    configure: ({ partners, ...config }) => {
      const [one] = Object.values(partners);
      if (one === undefined) throw new Error('no partner');
      const quota = { limit: 1, period: 'DAY' } as const;
      return { ...config, partners: { ...partners, spent: { ...one, clientId: 'spent', quota } } };
    },
  });
  await ask(await sandbox.token('spent'));
}, 180_000);
afterAll(() => sandbox.stop());

const ask = (token: string, query = '') =>
  fetch(sandbox.accountsUrl + query, { headers: { Authorization: `Bearer ${token}` } });

interface Circumstances {
  readonly partner?: string;
  /** In place of the partner's own. */
  readonly environment?: Readonly<Record<string, string>>;
  /** In place of `accounts/read`. */
  readonly scope?: string;
  readonly folder?: string;
}

/** Saves all programs in a folder, and runs one there. */
async function run(name: Program, circumstances: Circumstances = {}) {
  const { partner = 'acme', environment, scope, folder = temporaryFolder() } = circumstances;
  for (const [file, code] of files) {
    writeFileSync(join(folder, file), code.replaceAll('accounts/read', scope ?? 'accounts/read'));
  }
  const { clientId, clientSecret } = sandbox.partners[partner] ?? {};
  const child = spawn(PROGRAMS[name][0], [name], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      ACCOUNTS_URL: sandbox.accountsUrl,
      TOKEN_URL: sandbox.tokenUrl,
      CLIENT_ID: clientId,
      CLIENT_SECRET: clientSecret,
      ...environment,
    },
  });
  const printed = { out: '', error: '' };
  child.stdout.on('data', (chunk: Buffer) => (printed.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (printed.error += chunk.toString()));
  const status = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { status, ...printed };
}

type Triple = [ExampleAccount, ExampleAccount, ExampleAccount, ...ExampleAccount[]];

const WRONG_SECRET = 'canary-7f3a-wrong';
/** Nobody listens there, and `fetch` lets it be asked. */
const NOWHERE = 'http://127.0.0.1:10';

describe.each(NAMES.map((name) => ({ name })))("the guide's $name", ({ name }) => {
  test.skipIf(skipped(name))('runs as it stands', async () => {
    const { status, out, error } = await run(name);

    expect(error).toBe('');
    expect(out).toMatch(PROGRAMS[name][1]);
    expect(status).toBe(0);
  });

  test.skipIf(skipped(name)).each<[string, Circumstances, RegExp]>([
    [
      'a wrong secret',
      { environment: { CLIENT_SECRET: WRONG_SECRET } },
      /401[^]*"invalid_client"[^]*secret is wrong/,
    ],
    [
      'a wrong scope',
      { scope: 'accounts/write' },
      /400[^]*"invalid_scope"[^]*entered for: accounts\/read /,
    ],
    [
      'a token endpoint that is away',
      { environment: { TOKEN_URL: NOWHERE } },
      /refused|Failed to connect|ECONNREFUSED/i,
    ],
    [
      'a spent quota',
      { partner: 'spent' },
      /429(?=[^]*Retry-After: 3600)(?=[^]*X-Correlation-Id: \S+)[^]*"429-902"/i,
    ],
  ])('tells of %s, and ends with another code than 0', async (_, circumstances, words) => {
    const { status, out, error } = await run(name, circumstances);

    expect(error).toMatch(words);
    expect(error).not.toMatch(/Traceback|^\s+at /m);
    expect(out + error).not.toContain(WRONG_SECRET);
    expect(out).toBe('');
    expect(status).toBe(1);
  });

  describe('while eGain throttles', () => {
    beforeEach(async () => {
      sandbox.egain?.setMode({ fault: 'throttled' });
      await sandbox.forget();
      return async () => {
        sandbox.egain?.setMode({});
        await sandbox.forget();
      };
    });

    test.skipIf(skipped(name))('tells of the 503, and how long to wait', async () => {
      const { status, error } = await run(name);

      expect(error).toMatch(
        /503(?=[^]*Retry-After: \d)(?=[^]*X-Correlation-Id: \S)[^]*"503-90[12]"/i,
      );
      expect(status).toBe(1);
    });
  });
});

test.each(['accounts.mjs', 'accounts.py'] as const)(
  '%s waits where the service says that it is short',
  async (name) => {
    if (skipped(name)) return;
    sandbox.egain?.setMode({ status: 503 });
    await sandbox.forget();
    // A failure is remembered for two seconds first.
    const token = await sandbox.token('acme');
    await ask(token);
    expect((await ask(token)).headers.get('Retry-After')).toMatch(/^[12]$/);
    sandbox.egain?.setMode({});

    const { status, out } = await run(name);

    expect(out).toMatch(PROGRAMS[name][1]);
    expect(status).toBe(0);
  },
);

test('mirror.mjs notices what was added, changed and deleted, and what the rule no longer shows', async () => {
  const folder = temporaryFolder();
  const [one, two, three, ...rest] = exampleAccounts(30) as Triple;
  const mirror = async (accounts: ExampleAccount[], partner = 'acme') => {
    sandbox.egain?.setAccounts(accounts);
    await sandbox.forget();
    const { out } = await run('mirror.mjs', { folder, partner });
    return out.trim().split('\n').toSorted();
  };

  expect(await mirror([two, three, ...rest])).toHaveLength(29);
  expect(await mirror([two, three, ...rest])).toEqual(['unchanged']);
  expect(await mirror([one, { ...two, name: 'renamed' }, ...rest])).toEqual([
    `added ${one.id}`,
    `changed ${two.id}`,
    `removed ${three.id}`,
  ]);
  // A partner with a rule stands for one whose rule was made narrower.
  const narrower = await mirror([one, { ...two, name: 'renamed' }, ...rest], 'chat-desk');
  const answer = await ask(await sandbox.token('chat-desk', 'accounts/read'), '?pagesize=500');
  const left = ((await answer.json()) as { account: object[] }).account;
  expect(narrower.filter((line) => line.startsWith('removed'))).toHaveLength(29 - left.length);
  expect(JSON.parse(readFileSync(join(folder, 'mirror.json'), 'utf8'))).toMatchObject({
    accounts: left,
  });
});

/** What every HTTP answer has, or says nothing to a partner. */
const TRANSPORT =
  /^(?:x-amzn-requestid|x-content-type-options|content-length|date|connection|keep-alive)$/;
const keysOf = (text: string) => text.match(/"\w+":/g);

test('the whole answer that the guide shows has the headers of a real one', async () => {
  const [, shown = ''] = /^```http\n(.*?)^```$/ms.exec(guide) ?? [];
  const [head = '', body = ''] = shown.split('\n\n');
  const names = head
    .split('\n')
    .slice(1)
    .map((line) => line.replace(/:.*/, '').toLowerCase());
  const answer = await ask(
    await sandbox.token('acme', 'accounts/read'),
    '?pagesize=1&fields=id,name',
  );

  const real = [...answer.headers.keys()].filter((name) => !TRANSPORT.test(name));
  expect(names.toSorted()).toEqual(real.toSorted());
  expect(keysOf(body)).toEqual(keysOf(await answer.text()));
});

test('axios repeats a parameter as the guide says', () => {
  const [, options = '{}'] = /axios\.get\(url, (\{.*\})\)/.exec(guide) ?? [];
  const config = JSON.parse(options.replaceAll(/(\w+):/g, '"$1":').replaceAll("'", '"')) as object;

  expect(axios.getUri({ url: '/', ...config })).toBe('/?channel=a&channel=b');
});

test('the guide stands alone: it leads nowhere else, and knows nothing of this repository', () => {
  expect(guide).not.toMatch(/\]\((?!#)/);
  expect(guide).not.toMatch(/npm (?:start|run)|repository|sandbox/);
});

test('the table tells to ask again where that may help', () => {
  const advice = new Map(
    [...guide.matchAll(/^\| (`\d{3}-9.*?) \| (.*) \|$/gm)].flatMap(([, codes = '', what = '']) =>
      (codes.match(/\d{3}-9\d\d/g) ?? []).map((code) => [code, what] as const),
    ),
  );
  for (const { code, retry } of Object.values(FAULTS)) {
    if (code.startsWith('4')) continue;
    expect([code, /again, waiting|then try again/i.test(advice.get(code) ?? '')]).toEqual([
      code,
      retry,
    ]);
  }
});

test('every code that a partner can meet is told', () => {
  const told = guide.match(/`\d{3}-9\d\d`/g)?.map((code) => code.slice(1, -1));

  expect(new Set(told)).toEqual(new Set(Object.values(FAULTS).map(({ code }) => code)));
});
