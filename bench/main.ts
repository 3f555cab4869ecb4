/** `npm run bench`: measures everything and writes the tables of docs/performance.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { type Section, show } from './figures.ts';
import { startWorld } from './functions.ts';
import { measureImport } from './import.ts';
import { measureLoad } from './load.ts';
import { countPageCalls } from './page-calls.ts';
import { measureWarm } from './warm.ts';

const PAGE = new URL('../docs/performance.md', import.meta.url);
const WRITTEN = /(?<=<!-- Written by `npm run bench`\. -->\n)[^]*(?=<!-- End of what)/;

const world = await startWorld();
const sections: [title: string, section: Section][] = [];
try {
  sections.push(['Import and first answer', await measureImport(world, 15)]);
  sections.push(['Warm answers', await measureWarm(world, 3)]);
  sections.push(['Calls to eGain', await countPageCalls(world)]);
  sections.push(['Load', await measureLoad(world)]);
} finally {
  await world.stop();
}
const held = sections.flatMap(([, section]) => section.held);
const limits = held.map(({ what, measured, limit }) => [what, show(measured), show(limit)]);
const written = [
  `Measured on ${machine()}.`,
  '## Limits',
  table(['', 'measured', 'limit'], limits),
  ...sections.flatMap(([title, { about, head, rows }]) => [
    `## ${title}`,
    about,
    table(head, rows),
  ]),
].join('\n\n');
console.log(written);
writeFileSync(
  PAGE,
  readFileSync(PAGE, 'utf8').replace(WRITTEN, () => `\n${written}\n\n`),
);

/** A table in Markdown: the first column holds names, the others numbers. */
function table(head: readonly string[], rows: Section['rows']): string {
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** What the figures depend on, and nothing that names the machine. */
function machine(): string {
  const [first] = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const { platform, arch, version } = process;
  return `${cpus().length} × ${first?.model ?? 'an unknown processor'}, ${gigabytes} GB, ${platform} ${arch}, Node.js ${version}`;
}
