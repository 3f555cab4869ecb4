import * as z from 'zod/mini';
import { FIELDS, type LeafPath } from '../../lambda/accounts/fields.ts';
import { accountSchema } from '../../lambda/egain/account.ts';

/** A schema as OpenAPI 3.0 has it. */
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

/** The schemas of the objects in an account, by where they stand. */
const NAMES: Readonly<Record<string, string>> = {
  '': 'Account',
  channel: 'Channel',
  caseManagement: 'CaseManagement',
  chatConfigurations: 'ChatConfigurations',
  'chatConfigurations.orchestration': 'Orchestration',
  'chatConfigurations.entryPoint': 'EntryPoint',
  attributes: 'Attribute',
};

const DESCRIBED: Readonly<Record<string, string>> = {
  Account: "eGain's account, with the fields left out that your scopes do not open.",
  Channel: 'The channel that an account belongs to.',
  CaseManagement: 'How conversations become cases.',
  ChatConfigurations: 'How conversations are held.',
  Orchestration: 'What runs the conversations.',
  EntryPoint: 'Where conversations begin.',
  Attribute: 'A name and a value that the company gave to an account.',
};

/**
 * The schemas of an account in an answer, by name: the one that validates eGain's accounts, with no
 * field required, since scopes and `fields` decide which are there; with each field's scope told,
 * and with room for fields that come later.
 */
export function accountSchemas(): Record<string, JsonSchema> {
  const schemas: Record<string, JsonSchema> = {};
  collect(z.toJSONSchema(accountSchema, { target: 'openapi-3.0' }), '', schemas);
  return schemas;
}

/** The schema at a path; that of an object goes by its name, and is collected. */
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
  if (items !== undefined) return { ...rest, items: collect(items as JsonSchema, path, schemas) };
  if (properties === undefined) return { ...rest, ...describeLeaf(path as LeafPath) };
  const name = NAMES[path];
  if (name === undefined) throw new Error(`lib/docs names no schema for ${path}`);
  const described = Object.entries(properties as Record<string, JsonSchema>).map(
    ([key, property]) => [key, collect(property, path === '' ? key : `${path}.${key}`, schemas)],
  );
  schemas[name] = {
    ...rest,
    description: DESCRIBED[name],
    properties: Object.fromEntries(described),
  };
  return { $ref: `#/components/schemas/${name}` };
}

const DATES: ReadonlySet<LeafPath> = new Set(['created', 'modified']);

function describeLeaf(path: LeafPath): JsonSchema {
  return {
    description: `${DESCRIPTIONS[path]} Scope \`${FIELDS[path]}\`.`,
    ...(DATES.has(path) ? { format: 'date-time' } : {}),
  };
}
