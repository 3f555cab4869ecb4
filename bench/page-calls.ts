import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { exampleAccounts } from '../sandbox/egain/example-accounts.ts';
import { startChild } from './child.ts';
import { type Section, show } from './figures.ts';
import type { World } from './functions.ts';

const CONTAINERS = [1, 4, 16] as const;
const MINUTES = 5;

/** How often all containers together ask eGain for a page or a token. */
export async function countPageCalls(world: World): Promise<Section> {
  const { sandbox, egain } = world;
  egain.setAccounts(exampleAccounts(1000), 75);
  const rows: string[][] = [];
  let most = 0;
  for (const containers of CONTAINERS) {
    await sandbox.forget();
    const before = { ...egain.calls };
    await runContainers(world, containers);
    const pages = (egain.calls.accounts - before.accounts) / MINUTES;
    const tokens = egain.calls.token - before.token;
    most = Math.max(most, pages);
    rows.push([String(containers), show(pages), String(tokens)]);
  }
  return {
    about: `1,000 accounts on 14 pages, 30 s of freshness; every container is asked once a second for ${MINUTES} minutes. The clock is set forward, so these are counts and no speeds.`,
    head: ['containers', 'page calls a minute', 'token calls in all'],
    rows,
    held: [
      {
        what: `page calls a minute, ${CONTAINERS.join(', ')} containers`,
        measured: most,
        limit: 30,
      },
    ],
  };
}

async function runContainers({ ours }: World, count: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-containers-'));
  try {
    const modules = Array.from({ length: count }, (_, number) => {
      const copy = join(folder, String(number));
      cpSync(dirname(ours.module), copy, { recursive: true });
      return join(copy, 'index.mjs');
    });
    const seconds = String(MINUTES * 60);
    const parameters = [seconds, ...modules];
    const child = await startChild('page-calls-child.ts', ours.environment, parameters);
    await child.stop();
  } finally {
    rmSync(folder, { recursive: true });
  }
}
