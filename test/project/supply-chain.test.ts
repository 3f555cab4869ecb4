import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly inBundle?: boolean;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
}

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
  readonly scarfSettings: { readonly enabled: boolean };
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'));
const manifest = read('package.json') as Manifest;
const lock = read('package-lock.json') as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};
/** All but the project itself; the name is what follows the last `node_modules/`. */
const locked = Object.entries(lock.packages).filter(([path]) => path !== '');
const nameOf = (path: string) => path.replace(/^.*node_modules\//, '');

describe('every package that is installed', () => {
  it('comes from the registry, held to its hash, but for what comes inside another', () => {
    const loose = locked.filter(
      ([, { integrity = '', inBundle = false, link = false, resolved = 'https://' }]) =>
        link || !resolved.startsWith('https://') || (!inBundle && !integrity.startsWith('sha512-')),
    );

    expect(locked.length).toBeGreaterThan(500);
    expect(loose.map(([path]) => path)).toEqual([]);
  });

  it('is named with its exact version', () => {
    const { dependencies, devDependencies, optionalDependencies } = manifest;
    const named = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
    const loose = named.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version));

    expect(loose).toEqual([]);
  });

  it('runs an install script only where that was decided', () => {
    const withScript = locked.filter(([, { hasInstallScript = false }]) => hasInstallScript);
    const names = new Set(withScript.map(([path]) => nameOf(path)));

    expect(names).toEqual(new Set(Object.keys(manifest.allowScripts)));
    expect(manifest.scarfSettings).toEqual({ enabled: false });
  });
});

describe('Node.js', () => {
  it('is one version on every platform, brought by the lock and by no script', () => {
    const packages = locked.filter(([path]) => /^node-(?:linux|darwin|win)-/.test(nameOf(path)));

    expect(packages.length).toBeGreaterThan(0);
    expect(new Set(packages.map(([, { version }]) => version))).toEqual(new Set(['24.21.0']));
    expect(packages.filter(([, { hasInstallScript = false }]) => hasInstallScript)).toEqual([]);
    expect(locked.map(([path]) => nameOf(path))).not.toContain('node');
  });
});
