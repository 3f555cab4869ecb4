import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { GatewayApp } from '../../lib/gateway-app.ts';
import { loadStageConfig } from '../../lib/stage/stage-config.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

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
    new GatewayApp(config, 'sandbox', { outdir: first }).synth();
    vi.stubEnv('EGAIN_CLIENT_ID', canary);
    vi.stubEnv('EGAIN_CLIENT_SECRET', canary);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', canary);
    new GatewayApp(config, 'sandbox', { outdir: second }).synth();
    vi.unstubAllEnvs();
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
