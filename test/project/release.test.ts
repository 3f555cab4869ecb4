import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const { version } = JSON.parse(read('package.json')) as { readonly version: string };
const CHANGELOG = read('CHANGELOG.md');
const sections = [...CHANGELOG.matchAll(/^## (.+)$/gm)].map(([, title = '']) => title);
const releases = [...CHANGELOG.matchAll(/^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)$/gm)];

describe('the changelog', () => {
  it('begins with what is unreleased, and then has releases alone, each with its day', () => {
    expect(sections[0]).toBe('[Unreleased]');
    expect(releases).toHaveLength(sections.length - 1);
    for (const [, , day = ''] of releases) {
      expect(new Date(`${day}T00:00:00Z`).toISOString().slice(0, 10)).toBe(day);
    }
  });

  it('has its headings from the few that it explains', () => {
    const known = ['To do when upgrading', 'Added', 'Changed', 'Deprecated', 'Removed', 'Fixed'];
    const headings = [...CHANGELOG.matchAll(/^### (.+)$/gm)].map(([, title = '']) => title);

    expect(headings.filter((title) => ![...known, 'Security'].includes(title))).toEqual([]);
  });
});

describe('the version', () => {
  it('is that of the newest release, everywhere', () => {
    const lock = JSON.parse(read('package-lock.json')) as {
      readonly version: string;
      readonly packages: { readonly '': { readonly version: string } };
    };
    const contract = JSON.parse(read('docs/openapi.json')) as {
      readonly info: { readonly version: string };
    };
    const [, packed] =
      /npm install \.\/egain-accounts-gateway-(.+)\.tgz/.exec(read('docs/workflow-guide.md')) ?? [];
    const [, forPartners] = /^## (\d\S*)/m.exec(read('docs/partner-changelog.md')) ?? [];

    const versions = {
      changelog: releases[0]?.[1],
      lock: lock.version,
      lockRoot: lock.packages[''].version,
      contract: contract.info.version,
      packed,
      forPartners,
    };
    expect(versions).toEqual(
      Object.fromEntries(Object.keys(versions).map((one) => [one, version])),
    );
  });
});
