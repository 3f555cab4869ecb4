import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { InvalidArgumentError } from 'commander';
import {
  type AslState,
  type AslStates,
  canCall,
  isJsonata,
  statesOf,
} from '../sandbox/aws/state-machine.ts';
import { member } from './json.ts';

/** An author's state machine. */
export interface Definition {
  /** The name of its file. */
  readonly name: string;
  /** JSON, with its placeholders. */
  readonly text: string;
}

const require = createRequire(import.meta.url);
const validate = require('asl-validator') as (definition: unknown) => {
  readonly errors: readonly { readonly 'Error code': string; readonly Message?: string }[];
};

/** What a definition writes in place of TaskFunction's ARN, which differs by stage. */
const PLACEHOLDER = '${TaskFunctionArn}';
/** The only function that the sandbox runs, under the name that any stage gives it. */
const TASK_FUNCTION = /(^|[:/-])[\w-]*TaskFunction[\w-]*(:[\w$-]+)?$/;

/** Whether a function's name or ARN is that of TaskFunction, of any stage. */
export const isTaskFunction = (name: string): boolean => TASK_FUNCTION.test(name);

/**
 * Reads an author's state machine: a file in the Amazon States Language, as JSON.
 *
 * @throws InvalidArgumentError saying what is wrong with the file, or what can't run on this machine
 */
export function readDefinition(file: string): Definition {
  const text = readText(file);
  const name = basename(file);
  const asl = parse(text, name);
  const faults = [...placeholderFaults(text), ...mixtureFaults(asl)];
  if (faults.length === 0) faults.push(...languageFaults(asl));
  if (faults.length === 0) faults.push(...localFaults(asl));
  if (faults.length > 0)
    throw new InvalidArgumentError([`${name} can't be run:`, ...faults].join('\n  '));
  return { name, text };
}

/** The definition's text with TaskFunction's ARN on this machine. */
export function withArn({ text }: Definition, arn: string): string {
  return text.replaceAll(PLACEHOLDER, arn);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'There is no such file' : `It can't be read (${code})`;
    throw new InvalidArgumentError(`${why}.`);
  }
}

function parse(text: string, name: string): AslStates {
  let asl: unknown;
  try {
    asl = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : '';
    throw new InvalidArgumentError(
      `${name} is not JSON: ${why}. Convert a definition in YAML first.`,
    );
  }
  const states = member(asl, 'States');
  if (typeof states === 'object' && states !== null) return asl as AslStates;
  throw new InvalidArgumentError(
    `${name} is no state machine: it has no "States". From a CloudFormation template, take the ` +
      'content of Definition or DefinitionString.',
  );
}

function placeholderFaults(text: string): string[] {
  const unknown = new Set([...text.matchAll(/\$\{[^}]*\}/g)].map(([found]) => found));
  unknown.delete(PLACEHOLDER);
  return [...unknown].map((found) => `${found} is not known; only ${PLACEHOLDER} is filled in`);
}

/** The fields of states that hold JSON paths, or go with them. */
const JSON_PATH_FIELD = /^(.+Path|ResultSelector|Parameters|Result|Iterator)$/;

/** This machine runs one language or the other: JSONPath can't name a variable of JSONata. */
function mixtureFaults(asl: AslStates): string[] {
  if (!isJsonata(asl)) return [];
  return [...statesOf(asl)].flatMap(([name, state]) => {
    const field = Object.keys(state).find((key) => JSON_PATH_FIELD.test(key));
    const isJsonPath = state.Choices?.some((choice) => !('Condition' in choice)) ?? false;
    if (field === undefined && !isJsonPath) return [];
    return [
      `${name} is in JSONPath (${field ?? 'Variable'}) and others are in JSONata; this machine runs ` +
        'one of both. Try such a state with aws stepfunctions test-state',
    ];
  });
}

function languageFaults(asl: AslStates): string[] {
  const { errors } = validate(asl);
  return errors.map(({ 'Error code': code, Message = '' }) => `${Message} (${code})`);
}

/** What the States Language allows and this machine does not have. */
function localFaults(asl: AslStates): string[] {
  return [...statesOf(asl)].flatMap(([name, state]) => {
    if (
      state.ItemReader !== undefined ||
      state.ItemProcessor?.ProcessorConfig?.Mode === 'DISTRIBUTED'
    )
      return [`${name} is a distributed map, which can't run here; an inline one can`];
    if (state.Type !== 'Task') return [];
    if (!canCall(state.Resource))
      return [
        `${name} calls ${String(state.Resource)}; this machine has only states:::lambda:invoke of ` +
          'TaskFunction and aws-sdk:s3:putObject. Put a Pass state in its place',
      ];
    const called = functionOf(state);
    return called === undefined || called === PLACEHOLDER || isTaskFunction(called)
      ? []
      : [`${name} invokes ${called}; this machine has only TaskFunction: write ${PLACEHOLDER}`];
  });
}

/** The function that a state names; undefined where only the run time knows it. */
function functionOf({ Resource = '', Parameters, Arguments }: AslState): string | undefined {
  if (Resource.endsWith(':states:::lambda:invoke')) {
    const name = member(Parameters ?? Arguments, 'FunctionName');
    return typeof name === 'string' && !name.startsWith('{%') ? name : undefined;
  }
  return Resource.includes(':states:::') ? undefined : Resource;
}
