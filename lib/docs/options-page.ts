import { type JsonSchema, stageJsonSchema } from '../stage/stage-schema.ts';
import { markdownTable } from './markdown-table.ts';

/** Values of a longer list are not all shown. */
const MAX_SHOWN = 6;
const TYPES: Readonly<Record<string, string>> = { string: 'text', boolean: 'true or false' };

/** One key that takes a value. */
export interface StageOption {
  /** Dotted; `<name>` stands for a partner's name, and `a/b` for either. */
  readonly key: string;
  readonly meaning: string | undefined;
  readonly default: string;
  readonly takes: string;
}

/** Makes `docs/options.md`: every key of a stage config. */
export function createOptionsPage(): string {
  const rows = stageOptions().map((option) => [
    `\`${option.key}\``,
    option.meaning ?? '',
    option.takes,
    option.default,
  ]);
  return `# Options

Made by \`npm run docs\` from the schema of the stage config, \`lib/stage/stage-schema.ts\`. Do not edit.

The keys of \`config/<stage>.json\`. A key that is unknown or wrong stops the synth with its path, its value and what was expected. *Needed* means: where the object around the key is given.

${markdownTable(['key', 'meaning', 'takes', 'default'], rows)}
`;
}

/** The keys of the stage config's schema, in its order. */
export function stageOptions(): readonly StageOption[] {
  return optionsOf(stageJsonSchema(), '', false);
}

function optionsOf(schema: JsonSchema, key: string, needed: boolean): StageOption[] {
  const { properties, additionalProperties, required = [] } = schema;
  if (properties !== undefined && !isOneOption(schema)) {
    const entries = Object.entries(properties).filter(([name]) => name !== '$schema');
    const groups = Map.groupBy(entries, ([name, child]) => groupOf(name, child));
    return [...groups.values()].flatMap((group) => {
      const name = group.map(([one]) => one).join('/');
      const [[first, child]] = group as [(typeof entries)[0]];
      return optionsOf(child, key === '' ? name : `${key}.${name}`, required.includes(first));
    });
  }
  if (additionalProperties) {
    return optionsOf(additionalProperties, `${key}.<name>`, false);
  }
  return [
    {
      key,
      meaning: schema.description,
      default: needed ? 'needed' : presetOf(schema),
      takes: acceptedBy(schema),
    },
  ];
}

/** Objects with the same keys share their rows. */
function groupOf(name: string, schema: JsonSchema): string {
  return schema.properties === undefined ? name : JSON.stringify(schema);
}

/** Whether an object is described as a whole, and its keys are not. */
function isOneOption({ description, properties = {} }: JsonSchema): boolean {
  const described = Object.values(properties).some((child) => child.description !== undefined);
  return description !== undefined && !described;
}

function presetOf(schema: JsonSchema): string {
  return schema.default === undefined ? '' : `\`${JSON.stringify(schema.default)}\``;
}

function acceptedBy(schema: JsonSchema): string {
  const { type, format, items, properties, minimum, exclusiveMinimum, maximum } = schema;
  if (properties !== undefined) {
    return Object.keys(properties)
      .map((key) => `\`${key}\``)
      .join(', ');
  }
  const { enum: values = [] } = schema;
  if (values.length > MAX_SHOWN) return `one of ${values.length}: ${values[0]} to ${values.at(-1)}`;
  if (values.length > 0) return values.map((one) => `\`${one}\``).join(', ');
  if (items !== undefined) return `list of ${acceptedBy(items)}`;
  if (maximum === undefined) return format === 'uri' ? 'URL' : (TYPES[type ?? ''] ?? 'anything');
  return exclusiveMinimum === undefined
    ? `${minimum ?? 0} to ${maximum}`
    : `above ${exclusiveMinimum}, to ${maximum}`;
}
