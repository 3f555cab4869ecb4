import * as z from 'zod/mini';
import { FIELDS, type LeafPath } from '../../lambda/accounts/fields.ts';
import { accountSchema } from '../../lambda/egain/account.ts';

/** A schema in the form of OpenAPI 3.0. */
export type JsonSchema = { readonly [keyword: string]: unknown };

const DESCRIPTIONS: Record<LeafPath, string> = {
  id: "The account's id, by which `GET /accounts/{id}` finds it.",
  name: 'The unique name.',
  description: 'What the account is for.',
  active: 'Whether the account is in use. Missing or null means that it is.',
  address: 'What customers write to or call: a phone number, an e-mail address or another handle.',
  'channel.id': 'The channel that the account belongs to.',
  created: 'When the account was created, a date-time in GMT.',
  modified: 'When the account was last changed, a date-time in GMT.',
  'caseManagement.sameCaseDuration':
    'A customer who comes back within this time goes on with the same case. eGain names no unit.',
  'caseManagement.copyCustomAttributes':
    'Whether custom attributes of the last conversation are taken over.',
  'chatConfigurations.timeout':
    'How long after the last message a conversation ends. eGain names no unit.',
  'chatConfigurations.defaultLanguage': 'The language, as `en-US`.',
  'chatConfigurations.onAgentUnavailability':
    'What happens to a message when no agent is available: `off_hours` answers it, ' +
    '`retain_and_retry` keeps it. eGain may add values.',
  'chatConfigurations.allowLogoutWithOpenChats':
    'Whether agents may log out with messages in their inbox.',
  'chatConfigurations.allowQueueTransferOnAgentUnavailability':
    'Whether agents may put messages back into the queue when none is available.',
  'chatConfigurations.orchestration.id': 'The orchestration that runs the conversations.',
  'chatConfigurations.entryPoint.id': 'The entry point in the client application.',
  'attributes.name': "The attribute's name.",
  'attributes.value': "The attribute's value.",
};

/** The schemas of the objects in an account by their path: the name and the description. */
const OBJECTS: Readonly<Record<string, readonly [name: string, description: string]>> = {
  '': ['Account', "eGain's account, with the fields left out that your scopes do not open."],
  channel: ['Channel', 'The channel that an account belongs to.'],
  caseManagement: ['CaseManagement', 'How conversations become cases.'],
  chatConfigurations: ['ChatConfigurations', 'How conversations are held.'],
  'chatConfigurations.orchestration': ['Orchestration', 'What runs the conversations.'],
  'chatConfigurations.entryPoint': ['EntryPoint', 'Where conversations begin.'],
  attributes: ['Attribute', 'A name and a value that the company gave to an account.'],
};
const LIST_DESCRIPTIONS: Readonly<Record<string, string>> = {
  attributes: 'What the company says of the account in its own words.',
};

const DATES: ReadonlySet<LeafPath> = new Set(['created', 'modified']);

/**
 * The schemas of an account in an answer, by name. They come from the schema that validates eGain's
 * accounts. No field is required, since scopes and `fields` decide which are there; each field names
 * its scope. `additionalProperties` says that fields may come later: generated clients for Java and Go
 * refuse them otherwise.
 */
export function accountSchemas(): Record<string, JsonSchema> {
  const schemas: Record<string, JsonSchema> = {};
  collect(z.toJSONSchema(accountSchema, { target: 'openapi-3.0' }), '', schemas);
  return schemas;
}

/** The schema at a path. An object's schema is collected, and becomes a reference to its name. */
function collect(
  schema: JsonSchema,
  path: string,
  schemas: Record<string, JsonSchema>,
): JsonSchema {
  const {
    properties,
    items,
    required: _,
    additionalProperties: __,
    $schema: ___,
    ...rest
  } = schema;
  if (items !== undefined) {
    const description = LIST_DESCRIPTIONS[path];
    return { ...rest, description, items: collect(items as JsonSchema, path, schemas) };
  }
  if (properties === undefined) return { ...rest, ...describeLeaf(path as LeafPath) };
  const [name, description] = OBJECTS[path] ?? [];
  if (name === undefined) throw new Error(`lib/docs names no schema for ${path}`);
  const described = Object.entries(properties as Record<string, JsonSchema>).map(
    ([key, property]) => [key, collect(property, path === '' ? key : `${path}.${key}`, schemas)],
  );
  schemas[name] = {
    ...rest,
    description,
    properties: Object.fromEntries(described),
    additionalProperties: true,
  };
  return { $ref: `#/components/schemas/${name}` };
}

function describeLeaf(path: LeafPath): JsonSchema {
  return {
    description: `${DESCRIPTIONS[path]} Scope \`${FIELDS[path]}\`.`,
    ...(DATES.has(path) ? { format: 'date-time' } : {}),
  };
}
