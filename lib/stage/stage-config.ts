import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { describeFaults, type StageFault, show } from './config-issues.ts';
import { stageRules } from './stage-rules.ts';
import { type StageConfig, stageSchema } from './stage-schema.ts';

export type { PartnerConfig, StageConfig } from './stage-schema.ts';

/** Thrown for a stage config that can't be used; its message names every fault, a line each. */
export class StageConfigError extends Error {
  override readonly name: string = 'StageConfigError';
}

// Part of a Cognito domain's prefix, which has 63 characters at most and none of these words.
const STAGE_NAME = /^(?!.*(?:aws|amazon|cognito))[a-z][a-z0-9-]{0,34}$/;

/**
 * Reads `config/<stage>.json` and checks it.
 *
 * @param folder where the stage configs are
 * @throws StageConfigError for a bad stage name, a missing file, and all faults of its content
 */
export function loadStageConfig(
  stage: string,
  folder: URL = new URL('../../config/', import.meta.url),
): StageConfig {
  if (!STAGE_NAME.test(stage)) {
    throw new StageConfigError(
      `The stage is ${show(stage)}; expected a name of a-z, 0-9 and -, at most 35, beginning with ` +
        'a letter, without aws, amazon or cognito in it.',
    );
  }
  const file = `config/${stage}.json`;
  return parseStageConfig(parseJson(readText(new URL(`${stage}.json`, folder), file), file), file);
}

/**
 * Checks a stage config and fills in its defaults.
 *
 * @param file what to call it in messages
 * @throws StageConfigError naming every fault: path, value, what was expected
 */
export function parseStageConfig(input: unknown, file = 'The stage config'): StageConfig {
  const result = z.safeParse(stageSchema, input);
  const issues = result.success ? [] : result.error.issues;
  const faults = [...issues.flatMap(faultsOf), ...stageRules(input)];
  if (result.success && faults.length === 0) return result.data;
  throw new StageConfigError(describeFaults(file, input, faults));
}

function faultsOf(issue: z.core.$ZodIssue): StageFault[] {
  if (issue.code === 'unrecognized_keys') {
    const expected = 'no such key';
    return issue.keys.map((key) => ({ path: [...issue.path, key], expected }));
  }
  if (issue.code === 'invalid_key') {
    return issue.issues.map(({ message }) => ({ path: issue.path, expected: message }));
  }
  return [{ path: issue.path, expected: expectation(issue) }];
}

// A partner's account rule is checked by the schema that the functions use, which has no words.
function expectation(issue: z.core.$ZodIssue): string {
  if (issue.message !== 'Invalid input') return issue.message;
  if (issue.code === 'invalid_type') return `a value of type ${issue.expected}`;
  if (issue.code === 'too_small') return `at least ${issue.minimum} of them`;
  return 'pattern' in issue ? `text that matches ${issue.pattern}` : 'another value';
}

function readText(url: URL, file: string): string {
  try {
    return readFileSync(url, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new StageConfigError(
      missing
        ? `There is no ${file}. Make it from config/dev.json, or choose another stage: ` +
            '-c stage=<name> for cdk, --stage <name> for the doctor and npm start.'
        : `${file} can't be read.`,
    );
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // The error quotes the text around the fault; only where it is may be told.
    const place = /\(line \d+ column \d+\)/.exec(String(error))?.[0] ?? '';
    throw new StageConfigError(`${file} is not JSON ${place}`.trimEnd());
  }
}
