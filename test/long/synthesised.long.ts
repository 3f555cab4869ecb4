import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FileSystem } from 'aws-cdk-lib';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { GatewayApp } from '../../lib/gateway-app.ts';
import { loadStageConfig } from '../../lib/stage/stage-config.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** What is in a cloud assembly's assets, and their folders, as paths. */
function assetsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.startsWith('asset.'))
    .map((path) => join(folder, path));
}

/** A hash by path of every template and asset in a cloud assembly. */
function contentOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) =>
    file.isFile(),
  );
  return Object.fromEntries(
    files
      .map((file) => join(file.parentPath, file.name))
      .filter((path) => /\/asset\.|\.template\.json$/.test(path))
      .map((path) => {
        const hash = createHash('sha256').update(readFileSync(path)).digest('hex');
        return [path.slice(folder.length), hash] as const;
      })
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

describe('what is synthesised', () => {
  const canary = 'canary-7f3a91';
  const [first, second] = [temporaryFolder(), temporaryFolder()];

  beforeAll(() => {
    const config = loadStageConfig('sandbox');
    const umask = process.umask(0o077);
    new GatewayApp(config, 'sandbox', { outdir: first }).synth();
    process.umask(umask);
    vi.stubEnv('EGAIN_CLIENT_ID', canary);
    vi.stubEnv('EGAIN_CLIENT_SECRET', canary);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', canary);
    new GatewayApp(config, 'sandbox', { outdir: second }).synth();
    vi.unstubAllEnvs();
  });

  it('can be read by everybody in its assets, whatever the umask', () => {
    const modes = assetsIn(first).map((path) => {
      const found = statSync(path);
      return `${found.isFile() ? 'file' : 'folder'} ${(found.mode & 0o777).toString(8)}`;
    });

    expect(new Set(modes)).toEqual(new Set(['folder 755', 'file 644']));
  });

  it('has the modes in the hash of its assets, so that other modes are deployed anew', () => {
    const folders = readdirSync(first).filter((name) => name.startsWith('asset.'));
    const contentAlone = folders.map((name) => FileSystem.fingerprint(join(first, name)));

    expect(folders).toHaveLength(3);
    for (const hash of contentAlone) expect(folders).not.toContain(`asset.${hash}`);
  });

  it('is the same each time, byte for byte, whatever the environment holds', () => {
    const content = contentOf(first);

    expect(contentOf(second)).toEqual(content);
    expect(Object.keys(content).filter((path) => path.endsWith('/index.mjs'))).toHaveLength(3);
  });

  it('holds no secret of the environment and no path of the machine', () => {
    for (const path of Object.keys(contentOf(second))) {
      const text = readFileSync(join(second, path), 'utf8');
      expect({ path, canary: text.includes(canary) }).toEqual({ path, canary: false });
      expect({ path, folder: text.includes(process.cwd()) }).toEqual({ path, folder: false });
    }
  });

  it('has the partners beside the authorizer, and the contract beside the API', () => {
    const files = Object.keys(contentOf(first));
    const tables = files.filter((path) => path.endsWith('/partners.json'));

    expect(tables).toHaveLength(1);
    expect(files.filter((path) => path.endsWith('/openapi.json'))).toHaveLength(1);
    expect(JSON.parse(readFileSync(join(first, tables[0] ?? ''), 'utf8'))).toMatchObject({
      acme: { clientId: 'acme-client', usageKey: expect.stringMatching(/^[0-9a-f]{40}$/) },
      'chat-desk': { accounts: { channel: ['45a095f4-d0ee-4220-a689-22b541c58f67'] } },
    });
  });
});
