import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMMAND_NAMES } from '../../cli/program.ts';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');
const { scripts } = JSON.parse(read('package.json')) as {
  readonly scripts: Readonly<Record<string, string>>;
};
const PAGES = [
  'README.md',
  ...readdirSync(new URL('docs/', ROOT))
    .filter((name) => /\.(?:md|yml)$/.test(name))
    .map((name) => `docs/${name}`),
];

/** `npm run <script>`, and what follows it on the line or up to the end of its quote. */
const commandsIn = (text: string) => [...text.matchAll(/npm run ([a-z:]+)([^`\n]*)/g)];

describe.each(PAGES)('%s', (page) => {
  const commands = commandsIn(read(page));

  it('names npm scripts that there are', () => {
    const unknown = commands.map(([, name = '']) => name).filter((name) => !(name in scripts));

    expect(unknown).toEqual([]);
  });

  it('puts -- before the options, which npm would keep otherwise', () => {
    const kept = commands.filter(
      ([, name = '', rest = '']) => COMMAND_NAMES.includes(name) && /^ +-(?!- )/.test(rest),
    );

    expect(kept.map(([line]) => line)).toEqual([]);
  });
});
