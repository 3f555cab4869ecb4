import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { UsageError } from '../../cli/usage-error.ts';
import { type AslState, type AslStates, canCall, statesOf } from '../aws/state-machine.ts';

/** What stands in a definition for what only the deployed stage knows. */
export interface Placeholders {
  readonly TaskFunctionArn: string;
}

const require = createRequire(import.meta.url);
const validate = require('asl-validator') as (definition: unknown) => {
  readonly errors: readonly { readonly 'Error code': string; readonly Message?: string }[];
};

const KNOWN = ['TaskFunctionArn'] as const satisfies readonly (keyof Placeholders)[];
/** The sandbox runs this function alone, under whatever name a stage has given it. */
const TASK_FUNCTION = /(^|[:/-])[\w-]*TaskFunction[\w-]*(:[\w$-]+)?$/;

/** Whether a function's name or ARN is that of TaskFunction, of any stage. */
export const isTaskFunction = (name: string): boolean => TASK_FUNCTION.test(name);

/**
 * Reads an author's own state machine from a file of the States Language, as JSON.
 *
 * @returns the definition, its placeholders still in it
 * @throws UsageError saying what is wrong with the file, or what of it can't run on this machine
 */
export function readDefinition(file: string): string {
  const text = readText(file);
  const name = basename(file);
  const asl = parse(text, name);
  const faults = [...placeholderFaults(text), ...jsonataFaults(asl)];
  if (faults.length === 0) faults.push(...languageFaults(asl));
  if (faults.length === 0) faults.push(...localFaults(asl));
  if (faults.length > 0) throw new UsageError([`${name} can't be run:`, ...faults].join('\n  '));
  return text;
}

/** Puts the values of this machine in. */
export function withPlaceholders(text: string, values: Placeholders): string {
  return KNOWN.reduce((filled, name) => filled.replaceAll(`\${${name}}`, values[name]), text);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : `it can't be read (${code})`;
    throw new UsageError(`--definition is ${JSON.stringify(file)}: ${why}.`);
  }
}

function parse(text: string, name: string): AslStates {
  let asl: unknown;
  try {
    asl = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : '';
    throw new UsageError(`${name} is not JSON: ${why}. A definition in YAML has to be converted.`);
  }
  const states = (asl as { States?: unknown } | null)?.States;
  if (typeof states === 'object' && states !== null) return asl as AslStates;
  throw new UsageError(
    `${name} is no state machine: it has no "States". Out of a CloudFormation template, take what ` +
      'Definition or DefinitionString holds.',
  );
}

function placeholderFaults(text: string): string[] {
  const known: ReadonlySet<string> = new Set(KNOWN);
  const names = [...text.matchAll(/\$\{([^}]*)\}/g)].map(([, name = '']) => name);
  return [...new Set(names)]
    .filter((name) => !known.has(name))
    .map((name) => `\${${name}} is not known; only \${${KNOWN.join('}, ${')}} is filled in`);
}

const isJsonata = ({ QueryLanguage }: AslStates | AslState) => QueryLanguage === 'JSONata';

function jsonataFaults(asl: AslStates): string[] {
  const what = isJsonata(asl)
    ? ['the state machine is']
    : [...statesOf(asl)].filter(([, state]) => isJsonata(state)).map(([name]) => `${name} is`);
  return what.map(
    (subject) =>
      `${subject} in JSONata, which nothing but Step Functions itself runs: here JSONPath alone is; ` +
      'try it with aws stepfunctions test-state',
  );
}

function languageFaults(asl: AslStates): string[] {
  const { errors } = validate(asl);
  return errors.map(({ 'Error code': code, Message = '' }) => `${Message} (${code})`);
}

/** What the States Language allows, and this machine has not. */
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
        `${name} calls ${String(state.Resource)}, which is not on this machine: only ` +
          'states:::lambda:invoke of TaskFunction and aws-sdk:s3:putObject are. Put a Pass state in its place',
      ];
    const called = functionOf(state);
    return called === undefined || called === '${TaskFunctionArn}' || isTaskFunction(called)
      ? []
      : [
          `${name} invokes ${called}; here is TaskFunction alone, to be written \${TaskFunctionArn}`,
        ];
  });
}

/** The function that a state names; undefined where it is known at run time only. */
function functionOf({ Resource = '', Parameters }: AslState): string | undefined {
  if (Resource.endsWith(':states:::lambda:invoke')) {
    const { FunctionName } = (Parameters ?? {}) as { FunctionName?: unknown };
    return typeof FunctionName === 'string' ? FunctionName : undefined;
  }
  return Resource.includes(':states:::') ? undefined : Resource;
}
