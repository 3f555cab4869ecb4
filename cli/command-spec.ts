/** An option of a command, `--name`. */
interface OptionSpec {
  readonly type: 'string' | 'boolean';
  /** One letter that means the same: `-y`. */
  readonly short?: string;
  /** What its value is, for the help: `<name>`. */
  readonly value?: string;
  /** One sentence or two, for the help. */
  readonly about: string;
}

/** What a command takes, and says of itself. */
export interface CommandSpec {
  /** As in `npm run <name>`; `start` is `npm start`. */
  readonly name: string;
  /** What it does, one paragraph or more. */
  readonly about: string;
  /** The stage that is taken when none is named; `null`: one must be named. */
  readonly defaultStage: string | null;
  /** The options beside `--stage` and `--help`. */
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** What may stand beside options, for the help; without it nothing may. */
  readonly positionals?: string;
  /** The command of the CDK whose own options are taken too, and passed on. */
  readonly cdkCommand?: string;
  /** Lines below the options: variables, exit codes. */
  readonly notes?: readonly string[];
}

const WIDTH = 100;

/** How a command is called, without options. */
export function invocation(name: string): string {
  return name === 'start' ? 'npm start' : `npm run ${name}`;
}

/** What `--help` prints. */
export function usageOf(spec: CommandSpec): string {
  const { defaultStage, options, positionals, cdkCommand } = spec;
  const stage = defaultStage === null ? '--stage <stage>' : '[--stage <stage>]';
  const line = `Usage: ${invocation(spec.name)} -- ${stage} [options]`;
  const stageAbout = `the stage of config/<stage>.json${defaultStage === null ? '' : ` (default: ${defaultStage})`}`;
  const rows = [
    ['--stage <stage>', stageAbout],
    ...Object.entries(options).map(([name, { short, value, about }]) => [
      `--${name}${short === undefined ? '' : `, -${short}`}${value === undefined ? '' : ` ${value}`}`,
      about,
    ]),
    ['--help', 'prints this'],
  ] as const;
  const wide = Math.max(...rows.map(([name = '']) => name.length)) + 4;
  const passed =
    cdkCommand === undefined
      ? []
      : ['', `The CDK's own options are passed on: npx cdk ${cdkCommand} --help lists them.`];
  return [
    positionals === undefined ? line : `${line} ${positionals}`,
    '',
    ...wrapped(spec.about, 0),
    '',
    ...rows.map(([name = '', about = '']) => {
      const text = wrapped(about, wide).join('\n').trimStart();
      return `  ${name.padEnd(wide - 2)}${text}`;
    }),
    ...passed,
    ...(spec.notes === undefined ? [] : ['', ...spec.notes]),
  ].join('\n');
}

function wrapped(text: string, indent: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((one) => ' '.repeat(indent) + one);
}
