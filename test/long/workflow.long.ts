import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { AccountsChanged } from '../../lambda/accounts-changed.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

interface Manifest {
  readonly pages: readonly string[];
  readonly count: number;
  readonly contentHash: string;
}

const command = (...args: string[]) =>
  promisify(execFile)(process.execPath, ['cli/run.mjs', 'workflow', ...args]);

describe('npm run workflow', () => {
  test('writes the export to a folder, with a line for each page', async () => {
    const out = temporaryFolder();

    const { stdout } = await command(
      '--out',
      out,
      '--accounts',
      '30',
      '--input',
      '{"pagesize":20}',
    );

    const [name = ''] = readdirSync(join(out, 'exports'));
    const manifest = JSON.parse(
      readFileSync(join(out, 'exports', name, 'manifest.json'), 'utf8'),
    ) as Manifest;
    const pages = manifest.pages.map(
      (key) => JSON.parse(readFileSync(join(out, key), 'utf8')) as unknown[],
    );
    expect(pages.map(({ length }) => length)).toEqual([20, 10]);
    expect(stdout).toMatch(/20 accounts[^]*10 accounts[^]*manifest[^]*succeeded/);
  });

  const guide = readFileSync('docs/workflow-guide.md', 'utf8');
  const walk = [...guide.matchAll(/```json\n([^]*?)```/g)]
    .map(([, text = '']) => text)
    .find((text) => text.includes('"MorePages"') && !text.includes('JSONata'));

  function walkFile(): string {
    const file = join(temporaryFolder(), 'my.asl.json');
    writeFileSync(file, String(walk));
    return file;
  }

  test("runs an author's own definition, as the guide's, and prints its output", async () => {
    const { stdout } = await command('--definition', walkFile(), '--input', '{"order":"o-1"}');

    expect(stdout).toContain(`my.asl.json succeeded: {\n  "order": "o-1"\n}`);
  });

  test.each([
    ['ExportAccounts', () => []],
    ['my.asl.json', () => ['--definition', walkFile()]],
  ])('ends with the error and its cause where %s fails', async (name, definition) => {
    const failing = command('--out', temporaryFolder(), '--fault', 'unauthorized', ...definition());

    await expect(failing).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        new RegExp(`^${name} failed: CredentialsRejected[^]*502-901`, 'm'),
      ),
    });
  });

  test('runs when the accounts change, for each content once', async () => {
    const out = temporaryFolder();

    const { stdout } = await command('--on-change', '--out', out, '--accounts', '30');

    const told = [...stdout.matchAll(/Accounts Changed: (.*)/g)].map(
      ([, detail = '']) => JSON.parse(detail) as AccountsChanged,
    );
    expect(told.map(({ count }) => count)).toEqual([30, 31]);
    expect(told[1]?.previousContentHash).toBe(told[0]?.contentHash);
    const manifests = told.map(
      ({ contentHash }) =>
        JSON.parse(
          readFileSync(join(out, 'exports', contentHash, 'manifest.json'), 'utf8'),
        ) as Manifest,
    );
    expect(manifests.map(({ count }) => count)).toEqual([30, 31]);
    expect(manifests.map(({ contentHash }) => contentHash)).toEqual(
      told.map(({ contentHash }) => contentHash),
    );
  });
});
