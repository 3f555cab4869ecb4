import * as z from 'zod/mini';
import { FIELDS, type LeafPath } from '../../lambda/accounts/fields.ts';
import { accountSchema } from '../../lambda/egain/account.ts';

/** A JSON Schema of draft 2020-12, the dialect of OpenAPI 3.1. */
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
    'A customer who comes back within this time goes on with the same case.',
  'caseManagement.copyCustomAttributes':
    'Whether custom attributes of the last conversation are taken over.',
  'chatConfigurations.timeout': 'How long after the last message a conversation ends.',
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

/**
 * The schema of an account in an answer: the one that validates eGain's accounts, with no field
 * required, since scopes and `fields` decide which are there, and each field's scope told.
 */
export function accountJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(accountSchema, { target: 'draft-2020-12' });
  return {
    description: "eGain's account, with the fields left out that your scopes do not open.",
    ...describe(schema, ''),
  };
}

function describe(schema: JsonSchema, path: string): JsonSchema {
  const { anyOf, properties, items, required: _, $schema: __, ...rest } = schema;
  if (Array.isArray(anyOf)) {
    // `anyOf: [X, null]` is how zod writes a nullable X; one schema of two types reads better.
    const described = describe(anyOf[0] as JsonSchema, path);
    return { ...described, type: [described['type'], 'null'] };
  }
  if (properties !== undefined) {
    const described = Object.entries(properties as Record<string, JsonSchema>).map(
      ([name, property]) => [name, describe(property, path === '' ? name : `${path}.${name}`)],
    );
    return { ...rest, properties: Object.fromEntries(described) };
  }
  if (items !== undefined) return { ...rest, items: describe(items as JsonSchema, path) };
  return { ...rest, description: describeLeaf(path as LeafPath) };
}

function describeLeaf(path: LeafPath): string {
  return `${DESCRIPTIONS[path]} Scope \`${FIELDS[path]}\`.`;
}
