import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { measureCold } from './cold.ts';
import { measureFleet } from './fleet.ts';
import { measureLoad } from './load.ts';
import { measureNewcomer } from './newcomer.ts';
import { notes } from './notes.ts';
import { type Section, table } from './statistics.ts';
import { prepareSubjects } from './subjects.ts';
import { measureWaiting } from './waiting.ts';
import { measureWalk } from './walk.ts';
import { measureWarm } from './warm.ts';
import { startWorld } from './world.ts';

/** One section alone, where it is named; the page is then left as it is. */
const [, , only] = process.argv;
const began = performance.now();
const world = await startWorld();
const subjects = prepareSubjects(world);
const sections: [title: string, section: Section][] = [];

async function measure(title: string, measurement: () => Promise<Section>): Promise<void> {
  if (only !== undefined && only !== title.toLowerCase()) return;
  const section = await measurement();
  sections.push([title, section]);
  console.log(`\n## ${title}\n\n${section.text}`);
}

try {
  await measure('Cold', () => measureCold(world, subjects));
  await measure('Newcomer', () => measureNewcomer(world, subjects));
  await measure('Warm', () => measureWarm(world, subjects));
  await measure('Load', () => measureLoad(world));
  await measure('Waiting', () => measureWaiting(world, subjects));
  await measure('Walk', () => measureWalk(world));
  await measure('Fleet', measureFleet);
} finally {
  subjects.remove();
  await world.child.stop();
}

const targets = sections.flatMap(([, section]) => section.targets);
const reached = table(
  ['', 'target', 'measured', ''],
  targets.map(({ what, target, measured, met }) => [
    what,
    target,
    measured,
    met ? 'met' : '**not met**',
  ]),
);
console.log(`\n## To reach\n\n${reached}`);

if (only === undefined) writePage();

function writePage(): void {
  const page = [
    '# Performance',
    '`npm run bench` measures this and writes this page. Every ratio is of one run: the peers take turns with the product, so that what the machine does besides meets all of them. A figure is a median, with the quartiles in brackets.',
    `The machine: ${machine()}. The run took ${Math.round((performance.now() - began) / 1000)} s.`,
    '## To reach',
    reached,
    ...sections.flatMap(([title, { text }]) => [`## ${title}`, text]),
    notes,
  ];
  writeFileSync(new URL('../docs/performance.md', import.meta.url), `${page.join('\n\n')}\n`);
}

/** What the figures depend on, and nothing that names the machine. */
function machine(): string {
  const [first] = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const { platform, arch, version } = process;
  return `${cpus().length} × ${first?.model ?? 'an unknown processor'}, ${gigabytes} GB, ${platform} ${arch}, Node.js ${version}`;
}
