import { readdirSync, readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { closest } from '../../lambda/platform/closest.ts';
import {
  describeIssues,
  placeOfError,
  repeatedKeys,
  type StageIssue,
  show,
} from './stage-issues.ts';
import { RESERVED_SUFFIXES } from './stage-name.ts';
import { stageRules } from './stage-rules.ts';
import { knownKeysAt, type StageConfig, stageSchema } from './stage-schema.ts';

export type { StageConfig } from './stage-schema.ts';

/** Thrown for a stage config that can't be used; its message names every issue on its own line. */
export class StageConfigError extends Error {
  override readonly name: string = 'StageConfigError';
}

// It becomes part of a Cognito domain's prefix: at most 63 characters, and none of these words.
const STAGE_NAME = /^(?!.*(?:aws|amazon|cognito))[a-z][a-z0-9-]{0,34}$/;

/** What to do about keys that earlier versions had. */
const REMOVED_KEYS: ReadonlyMap<string, string> = new Map([
  [
    'cache.shared',
    'no such key: there is no switch any more, all containers always share one table. ' +
      'Remove the key',
  ],
]);

export interface StageConfigOptions {
  /** The folder of the stage configs. @default - the project's `config/` */
  readonly folder?: URL | undefined;
  /** The region of the deployment where the config names none. @default - not known */
  readonly region?: string | undefined;
}

/**
 * Reads `config/<stage>.json` and checks it.
 *
 * @throws StageConfigError for a bad stage name, a missing file, and all issues of its content
 */
export function loadStageConfig(stage: string, options: StageConfigOptions = {}): StageConfig {
  const { folder = new URL('../../config/', import.meta.url), region } = options;
  refuseBadName(stage);
  const file = `config/${stage}.json`;
  const json = readText(stage, folder).replace(/^\uFEFF/, '');
  if (json.trim() === '') throw new StageConfigError(`${file} is empty`);
  return check(parseJson(json, file), repeatedKeys(json), file, region);
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

function refuseBadName(stage: string): void {
  if (!STAGE_NAME.test(stage)) {
    throw new StageConfigError(
      `The stage is ${show(stage)}; expected a name of a-z, 0-9 and -, at most 35, beginning with ` +
        'a letter, without aws, amazon or cognito in it.',
    );
  }
  const reserved = RESERVED_SUFFIXES.find((suffix) => stage.endsWith(suffix));
  if (reserved === undefined) return;
  throw new StageConfigError(
    `The stage is ${show(stage)}; expected a name that does not end in ${reserved}: ` +
      "its stack would have the name of another stage's stack.",
  );
}

const UNREADABLE: ReadonlyMap<string, string> = new Map([
  ['EISDIR', 'It is a directory.'],
  ['EACCES', 'You have no permission: chmod u+r gives it to its owner.'],
]);

function readText(stage: string, folder: URL): string {
  try {
    return readFileSync(new URL(`${stage}.json`, folder), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') {
      const why = UNREADABLE.get(code ?? '') ?? `The system says ${code}.`;
      throw new StageConfigError(`config/${stage}.json can't be read. ${why}`);
    }
    const files = readdirSync(folder).filter((name) => /^[^.]+\.json$/.test(name));
    const stages = files.map((name) => name.replace(/\.json$/, ''));
    throw new StageConfigError(`There is no config/${stage}.json. ${otherStage(stage, stages)}`);
  }
}

function otherStage(stage: string, stages: readonly string[]): string {
  const how = '-c stage=<name> for cdk, --stage <name> for every npm command.';
  const meant = closest(stage, stages);
  if (meant !== undefined) return `Did you mean ${meant}? Choose a stage by ${how}`;
  // Who names no stage gets dev, and may not have that.
  if (stage === 'dev') return `Choose a stage by ${how}`;
  return `Copy config/dev.json to make it, or choose another stage: ${how}`;
}

/** The message of `JSON.parse` quotes the text around the error, which may be a secret. */
function parseJson(json: string, file: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    throw new StageConfigError(`${file} is not JSON${placeOfError(json)}`);
  }
}

function check(
  input: unknown,
  repeated: readonly StageIssue[],
  file: string,
  region?: string,
): StageConfig {
  const result = z.safeParse(stageSchema, input);
  const found = result.success ? [] : result.error.issues;
  const issues = [...repeated, ...found.flatMap(issuesOf), ...stageRules(input, region)];
  if (result.success && issues.length === 0) return result.data;
  throw new StageConfigError(describeIssues(file, input, issues));
}

function issuesOf(issue: z.core.$ZodIssue): StageIssue[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      expected: REMOVED_KEYS.get([...issue.path, key].join('.')) ?? noSuchKey(key, issue.path),
    }));
  }
  if (issue.code === 'invalid_key') {
    return issue.issues.map(({ message }) => ({ path: issue.path, expected: message }));
  }
  return [{ path: issue.path, expected: expectation(issue) }];
}

function noSuchKey(key: string, path: readonly PropertyKey[]): string {
  const meant = closest(key, knownKeysAt(path));
  return meant === undefined ? 'no such key' : `no such key; did you mean ${meant}?`;
}

function expectation(issue: z.core.$ZodIssue): string {
  const [, , key, list, entry] = issue.path;
  // The functions share the account rule's schema, which has no messages of its own.
  if (key !== 'accounts') return issue.message;
  const what = list === 'attribute' ? 'name:value' : 'an id';
  if (list === undefined)
    return 'an object of lists: channel, orchestration, entryPoint, attribute';
  return entry === undefined ? `a list of one or more, each ${what}` : `${what}, as text`;
}
