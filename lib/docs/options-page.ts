import { stageJsonSchema } from '../stage/stage-schema.ts';
import { markdownTable } from './markdown-table.ts';

/** As much of a JSON Schema as the page shows. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly (string | number)[];
  readonly format?: string;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
}

/** One key that takes a value. */
export interface StageOption {
  /** Dotted; `<name>` stands for a partner's name. */
  readonly key: string;
  readonly meaning: string | undefined;
  readonly default: string;
  readonly takes: string;
}

/** Makes `docs/options.md`: every key of a stage config. */
export function createOptionsPage(): string {
  const rows = stageOptions().map(({ key, meaning = '', default: preset, takes }) => [
    `\`${key}\``,
    meaning,
    takes,
    preset,
  ]);
  return `# Options

Made by \`npm run docs\` from the schema of the stage config, \`lib/stage/stage-schema.ts\`. Do not edit.

The keys of \`config/<stage>.json\`. A key that is unknown or wrong stops the synth with its path, its value and what was expected.

${markdownTable(['key', 'meaning', 'takes', 'default'], rows)}
`;
}

/** The keys of the stage config's schema, in its order. */
export function stageOptions(): readonly StageOption[] {
  return optionsOf(stageJsonSchema(), '', true);
}

function optionsOf(schema: Schema, key: string, required: boolean): StageOption[] {
  const { properties, additionalProperties, required: needed = [] } = schema;
  if (properties !== undefined) {
    return Object.entries(properties)
      .filter(([name]) => name !== '$schema')
      .flatMap(([name, child]) =>
        optionsOf(child, key === '' ? name : `${key}.${name}`, needed.includes(name)),
      );
  }
  if (typeof additionalProperties === 'object') {
    return optionsOf(additionalProperties, `${key}.<name>`, false);
  }
  const preset = schema.default === undefined ? '' : `\`${JSON.stringify(schema.default)}\``;
  return [
    {
      key,
      meaning: schema.description,
      default: required ? 'required' : preset,
      takes: takes(schema),
    },
  ];
}

function takes(schema: Schema): string {
  const { type, format, items, minimum, exclusiveMinimum, maximum } = schema;
  if (schema.enum !== undefined) return schema.enum.map((one) => `\`${one}\``).join(', ');
  if (items !== undefined) return `list of ${takes(items)}`;
  if (maximum === undefined) return format === 'uri' ? 'URL' : (type ?? 'anything');
  return exclusiveMinimum === undefined
    ? `${minimum ?? 0} to ${maximum}`
    : `above ${exclusiveMinimum}, to ${maximum}`;
}
