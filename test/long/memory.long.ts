import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalServer, listen, sendJson } from '../../sandbox/local-server.ts';
import { MEMORY_SCENARIOS, type MemoryScenario } from '../support/memory-scenarios.ts';
import { appOf, LEAST } from '../support/stage.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** What a function gets, in MiB, and what its processes beside Node.js take of it. */
const { MemorySize } = Object.values(
  Template.fromStack(appOf(LEAST).accounts).findResources('AWS::Lambda::Function'),
).map(({ Properties }) => Properties as { readonly MemorySize: number })[0] ?? { MemorySize: 0 };
const MOST = MemorySize - 64;

let egain: LocalServer;
let scenario: MemoryScenario;
/** How many walks have begun. */
let walks = 0;

beforeAll(async () => {
  egain = await listen((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://127.0.0.1');
    if (pathname === '/token') {
      return sendJson(response, 200, { access_token: 't', token_type: 'Bearer', expires_in: 36e5 });
    }
    const { pages, pagesize, account } = scenario;
    const pagenum = Number(searchParams.get('$pagenum') ?? 1);
    if (!searchParams.has('$pagenum')) walks += 1;
    return sendJson(response, 200, {
      paginationInfo: { count: pages * pagesize, pagenum, pagesize },
      account: Array.from({ length: pagenum > pages ? 0 : pagesize }, (_, index) =>
        account((pagenum - 1) * pagesize + index, walks),
      ),
    });
  });
});

afterAll(() => egain.close());

/** The most memory that a container took, in MB. */
async function peakOf(name: string, role: 'walker' | 'reader', folder: string): Promise<number> {
  const path = fileURLToPath(new URL('../support/memory-child.ts', import.meta.url));
  const child = fork(path, [egain.url, folder, name, role], {
    env: { LOG_LEVEL: 'ERROR' },
    // As Lambda starts Node.js, and the functions' own NODE_OPTIONS.
    execArgv: [`--max-old-space-size=${Math.floor(MemorySize * 0.9)}`, '--max-semi-space-size=8'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const [peak] = (await Promise.race([once(child, 'message'), exited.then(() => [])])) as number[];
  await exited;
  if (peak === undefined) throw new Error('the container ended without a report');
  return peak;
}

describe.each(Object.entries(MEMORY_SCENARIOS))('%s', (name, one) => {
  it('fit into a container that walks them, and into one that reads them', {
    timeout: 1_800_000,
  }, async () => {
    const folder = temporaryFolder();
    scenario = one;

    const walker = await peakOf(name, 'walker', folder);
    const reader = await peakOf(name, 'reader', folder);

    expect({ walker: walker < MOST, reader: reader < MOST }, `${walker} MB, ${reader} MB`).toEqual({
      walker: true,
      reader: true,
    });
  });
});
