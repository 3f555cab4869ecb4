import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { closest } from './closest.ts';
import { type ConfigIssue, describeIssues, show } from './config-issues.ts';
import { readStageFile } from './stage-file.ts';
import { RESERVED_SUFFIXES } from './stage-name.ts';
import { stageRules } from './stage-rules.ts';
import { knownKeysAt, type StageConfig, stageSchema } from './stage-schema.ts';

export type { PartnerConfig, StageConfig } from './stage-schema.ts';

/** Thrown for a stage config that can't be used; its message names every issue, a line each. */
export class StageConfigError extends Error {
  override readonly name: string = 'StageConfigError';
}

// Part of a Cognito domain's prefix, which has 63 characters at most and none of these words.
const STAGE_NAME = /^(?!.*(?:aws|amazon|cognito))[a-z][a-z0-9-]{0,34}$/;

export interface StageConfigOptions {
  /** Where the stage configs are. @default - the project's `config/` */
  readonly folder?: URL;
  /** The region that the stage would go to where its config names none. @default - not known */
  readonly region?: string | undefined;
}

/**
 * Reads `config/<stage>.json` and checks it.
 *
 * @throws StageConfigError for a bad stage name, a missing file, and all issues of its content
 */
export function loadStageConfig(stage: string, options: StageConfigOptions = {}): StageConfig {
  const { folder = new URL('../../config/', import.meta.url), region } = options;
  if (!STAGE_NAME.test(stage)) {
    throw new StageConfigError(
      `The stage is ${show(stage)}; expected a name of a-z, 0-9 and -, at most 35, beginning with ` +
        'a letter, without aws, amazon or cognito in it.',
    );
  }
  const reserved = RESERVED_SUFFIXES.find((suffix) => stage.endsWith(suffix));
  if (reserved !== undefined) {
    throw new StageConfigError(
      `The stage is ${show(stage)}; expected a name that does not end in ${reserved}: ` +
        'its stack would have the name of a stack of another stage.',
    );
  }
  const file = `config/${stage}.json`;
  const content = readStageFile(readText(new URL(`${stage}.json`, folder), file));
  if ('problem' in content) throw new StageConfigError(`${file} ${content.problem}`);
  return check(content.value, content.repeatedKeys, file, region);
}

/**
 * Checks a stage config and fills in its defaults.
 *
 * @param file what to call it in messages
 * @throws StageConfigError naming every issue: path, value, what was expected
 */
export function parseStageConfig(input: unknown, file = 'The stage config'): StageConfig {
  return check(input, [], file);
}

function check(
  input: unknown,
  repeatedKeys: readonly ConfigIssue[],
  file: string,
  region?: string,
): StageConfig {
  const result = z.safeParse(stageSchema, input);
  const found = result.success ? [] : result.error.issues;
  const issues = [...repeatedKeys, ...found.flatMap(issuesOf), ...stageRules(input, region)];
  if (result.success && issues.length === 0) return result.data;
  throw new StageConfigError(describeIssues(file, input, issues));
}

function issuesOf(issue: z.core.$ZodIssue): ConfigIssue[] {
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeysAt(issue.path);
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      expected: REMOVED_KEYS.get([...issue.path, key].join('.')) ?? noSuchKey(key, known),
    }));
  }
  if (issue.code === 'invalid_key') {
    return issue.issues.map(({ message }) => ({ path: issue.path, expected: message }));
  }
  return [{ path: issue.path, expected: expectation(issue) }];
}

/** What to do about keys that earlier versions took. */
const REMOVED_KEYS: ReadonlyMap<string, string> = new Map([
  [
    'cache.shared',
    'no such key: all containers always share one table, and there is no switch for it any more. ' +
      'Remove the key',
  ],
]);

function noSuchKey(key: string, known: readonly string[]): string {
  const meant = closest(key, known);
  return meant === undefined ? 'no such key' : `no such key; did you mean ${meant}?`;
}

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.message !== 'Invalid input') return issue.message;
  // The account rule's schema is the functions' own, and has no words.
  const [, , , list, entry] = issue.path;
  const what = list === 'attribute' ? 'name:value' : 'an id';
  if (list === undefined)
    return 'an object of lists: channel, orchestration, entryPoint, attribute';
  return entry === undefined ? `a list of one or more, each ${what}` : `${what}, as text`;
}

function readText(url: URL, file: string): string {
  try {
    return readFileSync(url, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new StageConfigError(
      missing
        ? `There is no ${file}. Make it from config/dev.json, or choose another stage: ` +
            '-c stage=<name> for cdk, --stage <name> for every npm command.'
        : `${file} can't be read.`,
    );
  }
}
