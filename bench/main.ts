/** `npm run bench`: measures everything and writes the tables of docs/performance.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { type Section, show, table } from './figures.ts';
import { startWorld } from './functions.ts';
import { measureImport } from './import.ts';
import { measureLoad } from './load.ts';
import { countPageCalls } from './page-calls.ts';
import { measureWarm } from './warm.ts';

const PAGE = new URL('../docs/performance.md', import.meta.url);
const BEGIN = '<!-- Written by `npm run bench`. -->';
const END = '<!-- End of what `npm run bench` writes. -->';

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
const limits = table(
  ['', 'measured', 'limit'],
  held.map(({ what, measured, limit }) => [what, show(measured), show(limit)]),
);
const written = [
  `Measured on ${machine()}.`,
  '## Limits',
  limits,
  ...sections.flatMap(([title, { text }]) => [`## ${title}`, text]),
].join('\n\n');
console.log(written);
writeFileSync(PAGE, pageWith(readFileSync(PAGE, 'utf8'), written));

/** @throws Error when the page has lost its markers */
function pageWith(page: string, tables: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error('docs/performance.md has lost its markers');
  return `${page.slice(0, begin + BEGIN.length)}\n\n${tables}\n\n${page.slice(end)}`;
}

/** What the figures depend on, and nothing that names the machine. */
function machine(): string {
  const [first] = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const { platform, arch, version } = process;
  return `${cpus().length} × ${first?.model ?? 'an unknown processor'}, ${gigabytes} GB, ${platform} ${arch}, Node.js ${version}`;
}
