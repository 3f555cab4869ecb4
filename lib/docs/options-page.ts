import { FIREWALL_RULES } from '../accounts/firewall.ts';
import { type JsonSchema, stageJsonSchema } from '../stage/stage-schema.ts';
import { markdownTable } from './markdown-table.ts';
import { dollars, MONTH_SECONDS, NOTED, PRICES } from './prices.ts';

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

const monthly = (hours: number) => dollars(hours * (MONTH_SECONDS / 3600));
const provisioned = (gb: number) => dollars(gb * PRICES.provisionedGbSecond * MONTH_SECONDS);
const refreshes = MONTH_SECONDS / 60;

/** What an option adds to the bill, by its key; the others change little or nothing. */
export const OPTION_PRICES: Readonly<Record<string, string>> = {
  'credentials.secretArn': `saves ${dollars(PRICES.secret + PRICES.key)}, for secret and key`,
  'auth.issuer': `saves ${dollars(PRICES.client)} a partner, and the tokens`,
  'partners.<name>.scopes':
    `${dollars(PRICES.client)} a partner without \`auth.issuer\`; ` +
    `${dollars(2 * PRICES.metric)} for its metrics`,
  'cache.refreshSeconds': `${dollars(
    refreshes * (0.5 * PRICES.gbSecond + (2 * PRICES.tableWrites) / 1e6),
  )} at 60 seconds`,
  'api.firewall.requestsPerIp':
    `${dollars(PRICES.webAcl + FIREWALL_RULES * PRICES.webAclRule)}, and ` +
    `${dollars(PRICES.webAclRequests)} a million requests`,
  'functions.logLevel': `${dollars(PRICES.logWritten)} a GB`,
  'functions.logRetentionDays': `${dollars(PRICES.logKept)} a GB`,
  'functions.concurrency.api/task/authorizer.provisioned': `${provisioned(1)} each; \`authorizer\` ${provisioned(0.5)}`,
  'functions.vpc.subnetIds':
    `yours: a NAT gateway ${monthly(PRICES.natHour)} and ${PRICES.natGb} a GB; an interface ` +
    `endpoint ${monthly(PRICES.endpointHour)} a zone`,
  removalPolicy: `what stays: ${dollars(PRICES.key)} a key, ${dollars(PRICES.secret)} a secret`,
};

/** Makes `docs/options.md`: every key of a stage config. */
export function createOptionsPage(): string {
  const rows = stageOptions().map((option) => [
    `\`${option.key}\``,
    option.meaning ?? '',
    option.takes,
    option.default,
    OPTION_PRICES[option.key] ?? '',
  ]);
  return `# Options

Made by \`npm run docs\` from the schema of the stage config, \`lib/stage/stage-schema.ts\`. Do not edit.

The keys of \`config/<stage>.json\`. A key that is unknown or wrong stops the synth with its path, its value and what was expected. *Needed* means: where the object around the key is given. The price is what the key adds in a month, in US dollars, where it adds something: AWS's list prices in us-east-1, ${NOTED}. [Cost](cost.md) has the whole bill.

${markdownTable(['key', 'effect', 'takes', 'default', 'price'], rows)}
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
  // Texts by name are one option.
  if (additionalProperties && schema.description === undefined) {
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
  return schema.default === undefined ? 'none' : `\`${JSON.stringify(schema.default)}\``;
}

function acceptedBy(schema: JsonSchema): string {
  const { type, format, items, properties, minimum, exclusiveMinimum, maximum } = schema;
  const { additionalProperties } = schema;
  if (additionalProperties) return `${acceptedBy(additionalProperties)} by name`;
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
