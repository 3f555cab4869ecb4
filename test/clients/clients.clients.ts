import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalServer, listen } from '../../sandbox/local-server.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/**
 * The contract by the tools that partners use: clients are generated from the document that the
 * sandbox serves, compiled strictly, and called.
 */
const HERE = new URL('.', import.meta.url).pathname;
const run = promisify(execFile);
const tool = (name: string) => join(HERE, 'node_modules/.bin', name);

let sandbox: Sandbox;
let later: LocalServer;
let folder: string;
let document: string;

beforeAll(async () => {
  if (!existsSync(join(HERE, 'node_modules'))) {
    execFileSync('npm', ['ci', '--prefix', HERE, '--no-audit', '--no-fund'], { stdio: 'ignore' });
  }
  sandbox = await startSandbox();
  later = await listen(async (request, response) => {
    const authorization = request.headers.authorization ?? '';
    const tag = request.headers['if-none-match'];
    const answer = await fetch(sandbox.url + request.url, {
      headers: { authorization, ...(typeof tag === 'string' && { 'if-none-match': tag }) },
    });
    const body = await answer.text();
    response.writeHead(
      answer.status,
      [...answer.headers].filter(([name]) => !TRANSPORT.test(name)),
    );
    response.end(body === '' ? '' : JSON.stringify(grown(JSON.parse(body))));
  });
  folder = temporaryFolder();
  symlinkSync(join(HERE, 'node_modules'), join(folder, 'node_modules'));
  document = join(folder, 'openapi.json');
  writeFileSync(document, await (await fetch(sandbox.openapiUrl)).text());
  for (const name of ['program.ts', 'hey-api.program.ts', 'openapi-fetch.program.ts']) {
    copyFileSync(join(HERE, name), join(folder, name));
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
}, 240_000);
afterAll(async () => {
  await later.close();
  await sandbox.stop();
});

const TRANSPORT = /^(?:content-length|content-encoding|transfer-encoding|connection|keep-alive)$/;

/** The same with a new field in every object, which the contract allows at any time. */
function grown(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(grown);
  const members = Object.entries(value).map(([key, member]) => [key, grown(member)]);
  return { ...Object.fromEntries(members), later: { id: 1 } };
}

const GENERATORS: readonly (readonly [program: string, tool: string, args: () => string])[] = [
  [
    'hey-api.program.ts',
    'openapi-ts',
    () => `-i ${document} -o ${join(folder, 'generated')} -c @hey-api/client-fetch --silent`,
  ],
  [
    'openapi-fetch.program.ts',
    'openapi-typescript',
    () => `${document} -o ${join(folder, 'generated.d.ts')}`,
  ],
];
const STRICT =
  '--strict --noEmit --skipLibCheck --target es2022 --module esnext --moduleResolution bundler ' +
  '--allowImportingTsExtensions --types node --lib es2022,dom,dom.iterable ' +
  `--typeRoots ${join(HERE, '../../node_modules/@types')}`;

describe.each(GENERATORS)('%s', (program, generator, args) => {
  it('compiles strictly and decodes lists, pages, one account, 304, 400 and 502, with new fields', async () => {
    await run(tool(generator), args().split(' '));
    const compiled = await run(tool('tsc'), [...STRICT.split(' '), program], {
      cwd: folder,
    }).catch(({ stdout }: { stdout: string }) => ({ stdout }));
    expect(compiled.stdout).toBe('');
    const outfile = join(folder, `${program}.mjs`);
    await build({
      entryPoints: [join(folder, program)],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'silent',
    });
    const token = await sandbox.token('acme');
    const list = await fetch(`${sandbox.accountsUrl}?pagesize=500`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const { account } = (await list.json()) as { account: { channel: { id: string } }[] };
    const channels = [...new Set(account.map(({ channel }) => channel.id))].slice(0, 2);

    const { stdout } = await run(process.execPath, [outfile], {
      env: {
        BASE_URL: `${later.url}/v1`,
        TOKEN: token,
        CHANNELS: channels.join(),
        FAULT_URL: `${sandbox.url}/_sandbox/egain`,
      },
    });

    expect(JSON.parse(stdout)).toEqual({
      keys: ['id', 'name', 'later'],
      matching: account.filter(({ channel }) => channels.includes(channel.id)).length,
      ids: account.length,
      distinct: account.length,
      one: true,
      unchanged: 304,
      wrong: '400-901',
      detail: 'pagesize',
      refused: '502-902',
    });
  });
});

it("Spectral's rules for OpenAPI find nothing", async () => {
  const ruleset = join(folder, 'ruleset.json');
  writeFileSync(ruleset, JSON.stringify({ extends: ['spectral:oas'] }));

  const { stdout } = await run(
    tool('spectral'),
    `lint ${document} --ruleset ${ruleset} --fail-severity hint --format json --quiet`.split(' '),
  );

  expect(JSON.parse(stdout)).toEqual([]);
});

it("Postman's importer makes a collection whose token URL and list request are right", async () => {
  const collection = join(folder, 'collection.json');
  await run(tool('openapi2postmanv2'), ['-s', document, '-o', collection]);

  const text = readFileSync(collection, 'utf8');

  expect(text).toContain(sandbox.tokenUrl);
  expect(text).toContain('"List accounts"');
  expect(text).toContain(sandbox.accountsUrl.replace(/\/accounts$/, ''));
});
