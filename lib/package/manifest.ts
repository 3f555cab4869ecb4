import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const MANIFEST = fileURLToPath(new URL('../../package.json', import.meta.url));
const KEPT = fileURLToPath(new URL('../../node_modules/.package.json', import.meta.url));

/** What an author's app needs to know of the package. What is left out, npm would install there. */
const PACKED = new Set([
  'name',
  'version',
  'private',
  'description',
  'license',
  'type',
  'engines',
  'files',
  'exports',
  'typesVersions',
  'peerDependencies',
]);

/** Gives `package.json` the form that is packed. After an interrupted `npm pack`, Git restores it. */
export function packManifest(): void {
  const own = JSON.parse(readFileSync(MANIFEST, 'utf8')) as object;
  const packed = Object.entries(own).filter(([key]) => PACKED.has(key));
  copyFileSync(MANIFEST, KEPT);
  // Replaced by a rename, so that nobody reads half a file.
  writeFileSync(`${MANIFEST}.new`, `${JSON.stringify(Object.fromEntries(packed), null, 2)}\n`);
  renameSync(`${MANIFEST}.new`, MANIFEST);
}

/** Gives `package.json` its own content back. */
export function restoreManifest(): void {
  renameSync(KEPT, MANIFEST);
}
