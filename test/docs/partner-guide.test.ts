import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FAULTS } from '../../lambda/faults.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';

const guide = readFileSync(new URL('../../docs/partner-guide.md', import.meta.url), 'utf8');

/** How a reader would run a block, and what proves that the program is there. */
const PROGRAMS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  bash: ['bash', '-euo', 'pipefail'],
  js: [process.execPath, '--input-type=module'],
  python: ['python3', '-'],
};
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  bash: ['bash', 'curl', 'sed'],
  js: [process.execPath],
  python: ['python3'],
};
const isThere = (program: string) => spawnSync(program, ['--version']).error === undefined;

interface Snippet {
  readonly heading: string;
  readonly language: string;
  readonly code: string;
  readonly missing: readonly string[];
}

const snippets: readonly Snippet[] = [...guide.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(
  ({ 1: language = '', 2: code = '', index }) => {
    const heading =
      guide
        .slice(0, index)
        .match(/^#+ .*$/gm)
        ?.at(-1) ?? '';
    const missing = (NEEDED[language] ?? []).filter((program) => !isThere(program));
    return language in PROGRAMS ? [{ heading, language, code, missing }] : [];
  },
);

/** What each of them has to print, in the guide's order. */
const OUTPUTS: readonly RegExp[] = [
  /"pagesize":5.*"account":\[\{"id":.*\n.*"pagesize":3.*\n.*"paginationInfo".*\n.*"paginationInfo"/,
  /^5 of \d+\n(\S+ .+\n){5}$/,
  /^5 of \d+\n(\S+ .+\n){5}$/,
  /^\d+ accounts\n$/,
  /^version [\w-]+ - ask again in \d+ seconds\nunchanged\n$/,
];

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
}, 60_000);
afterAll(() => sandbox.stop());

function run(
  { language, code }: Snippet,
  secret?: string,
): Promise<{ status: number | null; output: string }> {
  const [program = '', ...options] = PROGRAMS[language] ?? [];
  const [partner] = Object.values(sandbox.partners);
  const child = spawn(program, options, {
    env: {
      PATH: process.env['PATH'],
      ACCOUNTS_URL: sandbox.accountsUrl,
      TOKEN_URL: sandbox.tokenUrl,
      CLIENT_ID: partner?.clientId,
      CLIENT_SECRET: secret ?? partner?.clientSecret,
    },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stdin.end(code);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, output }));
  });
}

describe("the guide's code runs as it stands", () => {
  test('each block is known, in three languages', () => {
    expect(snippets).toHaveLength(OUTPUTS.length);
    expect(new Set(snippets.map(({ language }) => language))).toEqual(
      new Set(Object.keys(PROGRAMS)),
    );
  });

  snippets.forEach((snippet, index) => {
    const { heading, language, missing } = snippet;
    const reason = missing.length > 0 ? ` (skipped: no ${missing.join(', ')} here)` : '';
    test.skipIf(missing.length > 0)(`${heading}, ${language}${reason}`, async () => {
      const { status, output } = await run(snippet);
      expect(output).toMatch(OUTPUTS[index] ?? /^never$/);
      expect(status).toBe(0);
    });

    test.skipIf(missing.length > 0)(
      `${heading}, ${language}, says what to check when the secret is wrong${reason}`,
      async () => {
        const wrong = 'canary-7f3a-wrong';

        const { status, output } = await run(snippet, wrong);

        expect(output).toContain('No token (401): check CLIENT_ID and CLIENT_SECRET.');
        expect(output).not.toContain(wrong);
        // A shell goes on, for whoever pastes a block into it.
        expect(status !== 0 || language === 'bash').toBe(true);
      },
    );
  });
});

test('the code that asks again does so where the catalogue says that it may help', () => {
  const [, source = '^$'] = /const retry = \/(.+)\/\.test/.exec(guide) ?? [];
  const retried = new RegExp(source);
  const faults = Object.values(FAULTS).filter(({ code }) => code !== '409-901');

  for (const { code, retry } of faults) expect([code, retried.test(code)]).toEqual([code, retry]);
  for (const code of ['500-100', '503-1', '599-899']) expect(retried.test(code)).toBe(true);
  for (const code of ['400-100', '500-900']) expect(retried.test(code)).toBe(false);
});

test('the table tells to ask again where the code does', () => {
  const advice = new Map(
    [...guide.matchAll(/^\| (`\d{3}-9.*?) \| (.*) \|$/gm)].flatMap(([, codes = '', what = '']) =>
      (codes.match(/\d{3}-9\d\d/g) ?? []).map((code) => [code, what] as const),
    ),
  );
  for (const { code, retry } of Object.values(FAULTS)) {
    if (code === '409-901' || code.startsWith('4')) continue;
    expect([code, /again, waiting|then try again/i.test(advice.get(code) ?? '')]).toEqual([
      code,
      retry,
    ]);
  }
});

test('every code that a partner can meet is told', () => {
  const task = '409-901';
  const told = guide.match(/`\d{3}-9\d\d`/g)?.map((code) => code.slice(1, -1));
  expect(new Set(told)).toEqual(
    new Set(
      Object.values(FAULTS)
        .map(({ code }) => code)
        .filter((code) => code !== task),
    ),
  );
});
