import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

const LICENCE_FILE = /^(?:licen[cs]e|copying)(?:\.(?:md|txt))?$/i;

/**
 * Names and versions of the packages that a bundle holds, under the licence text that they share;
 * in a fixed order.
 *
 * @param root the folder that `inputs` are relative to
 * @param inputs the files that went into the bundle, as esbuild's metafile names them
 */
export function thirdPartyLicences(root: string, inputs: readonly string[]): string {
  const folders = new Set(inputs.flatMap((input) => packageFolder(input) ?? []));
  const titlesByText = new Map<string, Set<string>>();
  for (const folder of folders) {
    const path = join(root, folder);
    const { name, version, license } = JSON.parse(
      readFileSync(join(path, 'package.json'), 'utf8'),
    ) as Manifest;
    const text = licenceText(path);
    const titles = titlesByText.get(text) ?? new Set();
    titles.add(`${name} ${version} (${license ?? 'licence not named'})`);
    titlesByText.set(text, titles);
  }
  return [...titlesByText]
    .map(([text, titles]) => `${[...titles].toSorted().join('\n')}\n\n${text}\n`)
    .toSorted()
    .join(`\n${'-'.repeat(80)}\n\n`);
}

function licenceText(folder: string): string {
  const file = readdirSync(folder)
    .toSorted()
    .find((name) => LICENCE_FILE.test(name));
  return file === undefined
    ? 'The package has no licence file of its own.'
    : readFileSync(join(folder, file), 'utf8').trim();
}

// `node_modules/@scope/name`, the innermost one where packages are nested.
function packageFolder(input: string): string | undefined {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
}
