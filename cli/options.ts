import { parseArgs } from 'node:util';
import { type CdkOption, cdkOptions } from './cdk/options.ts';
import { type CommandSpec, invocation } from './command-spec.ts';
import { stageInContext } from './stage-context.ts';
import { didYouMean } from './suggest.ts';
import { UsageError } from './usage-error.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A command line, read. */
export interface Options {
  readonly help: boolean;
  readonly stage: string;
  /** The values of the options of type string that were given. */
  readonly texts: Readonly<Record<string, string>>;
  /** The options of type boolean that were given. */
  readonly flags: ReadonlySet<string>;
  readonly positionals: readonly string[];
  /** What goes to the CDK, as it was given. */
  readonly passed: readonly string[];
}

/**
 * Reads the options of a command. An error repeats only what has the form of an option's name: a
 * secret may have been typed by mistake.
 *
 * @throws UsageError for an option that is unknown or incomplete, and for a stage that is missing,
 *   named twice, or lost on the way because `--` was forgotten
 */
export function readOptions(
  spec: CommandSpec,
  args: readonly string[],
  environment: Environment,
): Options {
  const known = knownOptions(spec);
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: Object.fromEntries(
      [...known].map(([name, { takesValue }]) => [
        name,
        {
          type: takesValue ? 'string' : 'boolean',
          ...(name.length === 1 ? { short: name } : {}),
        } as const,
      ]),
    ),
  });
  const texts: Record<string, string> = {};
  const flags = new Set<string>();
  const given = new Set<string>();
  const stages = new Set<string>();
  const positionals: string[] = [];
  const passed: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') {
      positionals.push(token.value);
      if (spec.cdkCommand !== undefined) passed.push(token.value);
    }
    if (token.kind !== 'option') continue;
    const option = known.get(token.name);
    if (option === undefined) throw unknown(token.rawName, known);
    const { name = token.name } = option;
    const value = valueOf(token, option);
    given.add(name);
    if (name === 'stage' && value !== undefined) stages.add(value);
    else if (name === 'context' && value !== undefined) {
      const stage = stageInContext(value);
      if (stage !== undefined) stages.add(stage);
      else passed.push('--context', value);
    } else if (option.cdk) {
      const { rawName, inlineValue } = token;
      if (inlineValue === true) passed.push(`${rawName}=${value}`);
      else passed.push(rawName, ...(value === undefined ? [] : [value]));
    } else if (value === undefined) flags.add(name);
    else texts[name] = value;
  }
  const help = flags.has('help');
  if (!help) {
    refuseForgottenDashes(spec, given, environment);
    if (positionals.length > 0 && spec.positionals === undefined) {
      throw new UsageError(
        `${invocation(spec.name)} takes options only; one argument is none. ` +
          'Options begin with --, and after npm run with a -- of their own before them.',
      );
    }
  }
  return { help, stage: help ? '' : stageOf(spec, stages), texts, flags, positionals, passed };
}

interface Known {
  /** The long name of what is given by a letter. @default - as it was given */
  readonly name?: string;
  readonly takesValue: boolean;
  /** It is the CDK's. */
  readonly cdk: boolean;
  /** `--name=true` and `--name=false` are taken though it stands alone. */
  readonly takesTruth?: boolean;
}

function knownOptions(spec: CommandSpec): ReadonlyMap<string, Known> {
  const theirs: ReadonlyMap<string, CdkOption> =
    spec.cdkCommand === undefined ? new Map() : cdkOptions(spec.cdkCommand);
  const ours = Object.entries(spec.options).flatMap(([name, { type, short }]) => {
    const known = { name, takesValue: type === 'string', cdk: false };
    return [name, ...(short === undefined ? [] : [short])].map((one) => [one, known] as const);
  });
  const isCdk = spec.cdkCommand !== undefined;
  return new Map<string, Known>([
    ...[...theirs].map(
      ([name, { type }]) =>
        [
          name,
          {
            takesValue: !/^(?:boolean|count)$/.test(type),
            takesTruth: type === 'boolean',
            cdk: true,
          },
        ] as const,
    ),
    ...ours,
    ['context', { takesValue: true, cdk: isCdk }],
    ['c', { name: 'context', takesValue: true, cdk: isCdk }],
    ['stage', { takesValue: true, cdk: false }],
    ['help', { takesValue: false, cdk: false }],
    ['h', { name: 'help', takesValue: false, cdk: false }],
  ]);
}

interface OptionToken {
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function valueOf({ rawName, value, inlineValue }: OptionToken, option: Known): string | undefined {
  if (!option.takesValue) {
    if (inlineValue !== true) return undefined;
    if (option.takesTruth === true && /^(?:true|false)$/.test(value ?? '')) return value;
    throw new UsageError(`${rawName} stands alone; it does not take a value.`);
  }
  if (value === undefined || (inlineValue !== true && /^-./.test(value))) {
    throw new UsageError(`${rawName} lacks its value.`);
  }
  return value;
}

function unknown(rawName: string, known: ReadonlyMap<string, Known>): UsageError {
  const name = rawName.replace(/^-+/, '');
  const shown = /^[A-Za-z][A-Za-z-]{0,30}$/.test(name) ? rawName : 'One option';
  const candidates = [...known.keys()].filter((one) => one.length > 1);
  return new UsageError(
    `${shown} is unknown.${name.length > 1 ? didYouMean(name, candidates, '--') : ''}`,
  );
}

/** Options of npm's own, which it may have from elsewhere. */
const OF_NPM: ReadonlySet<string> = new Set(['json', 'yes', 'force', 'long', 'quiet', 'color']);

/** npm keeps what stands before `--` for itself, and hands it on in its environment at most. */
function refuseForgottenDashes(
  spec: CommandSpec,
  given: ReadonlySet<string>,
  environment: Environment,
): void {
  const names = ['stage', 'context', ...Object.keys(spec.options)].filter(
    (name) => !OF_NPM.has(name) && !given.has(name),
  );
  for (const name of names) {
    if ((environment[`npm_config_${name.replaceAll('-', '_')}`] ?? '') === '') continue;
    throw new UsageError(
      `npm has kept --${name} for itself. Put -- before the options: ` +
        `${invocation(spec.name)} -- --stage <stage> …`,
    );
  }
}

function stageOf(spec: CommandSpec, stages: ReadonlySet<string>): string {
  if (stages.size > 1) throw new UsageError('The stage is named twice, and differently.');
  const [stage = spec.defaultStage] = stages;
  if (stage === '') throw new UsageError('--stage needs a name, like dev.');
  if (stage !== null) return stage;
  const form = `${invocation(spec.name)} -- --stage <stage>`;
  throw new UsageError(`Which stage? ${form} takes the one of config/<stage>.json.`);
}
