import { readFileSync } from 'node:fs';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { SCOPES } from '../../../lambda/accounts/fields.ts';
import { FAULTS } from '../../../lambda/faults.ts';
import { EXAMPLE_ACCOUNTS, REFUSED_EXAMPLES } from '../../../lib/docs/examples.ts';
import { bodyOf, createPartnerApi } from '../../support/partner-api.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly 'x-example': unknown;
}
interface Answer {
  readonly content: {
    'application/json': {
      readonly schema: object;
      readonly example?: unknown;
      readonly examples?: Record<string, { readonly value: { readonly code: string } }>;
    };
  };
}
interface OpenApi {
  readonly openapi: string;
  readonly paths: Record<string, { get: { responses: Record<string, Answer> } }>;
  readonly components: {
    readonly parameters: Record<string, Parameter>;
    readonly headers: Readonly<Record<string, object>>;
    readonly responses: Record<string, Partial<Answer>>;
    readonly schemas: Readonly<Record<string, object>>;
  };
}

const checkedIn = readFileSync(new URL('../../../docs/openapi.json', import.meta.url), 'utf8');
const document = JSON.parse(checkedIn) as OpenApi;

const ajv = new Ajv2020({ strict: false });
addFormats.default(ajv);
const isValid = (path: string, answer: unknown) =>
  ajv.validate({ ...jsonOf(path).schema, components: document.components }, answer);

/** What a partner gets who has only `accounts/read`, or all scopes. */
async function ask(query: string, scopes = 'accounts/read') {
  const api = createPartnerApi({ accounts: EXAMPLE_ACCOUNTS });
  const answer = await api.request({ query, authorizer: { partner: 'acme', scopes } });
  return bodyOf(answer) as {
    readonly code?: string;
    readonly details?: readonly object[];
    readonly paginationInfo: { readonly count: number };
    readonly account: readonly object[];
  };
}
const ALL = SCOPES.join(' ');

test("Redocly's strict rules find nothing, examples included", async () => {
  const config = await createConfig({ extends: ['recommended-strict'] });
  const problems = await lintFromString({ source: checkedIn, config });
  expect(problems.map(({ ruleId, message }) => `${ruleId}: ${message}`)).toEqual([]);
});

describe('the examples', () => {
  const parameters = Object.values(document.components.parameters).filter(
    // The example of a version is one of other accounts.
    (parameter) => parameter.in === 'query' && parameter.name !== 'version',
  );

  test.each(parameters)('of $name is accepted, and accounts match', async (parameter) => {
    const { paginationInfo } = await ask(queryOf(parameter), ALL);
    const narrows = ['name', 'language', 'onAgentUnavailability', 'attribute'];
    const dates = /^(?:created|modified)(?:After|Before)$/;

    const count = narrows.includes(parameter.name) || dates.test(parameter.name) ? 1 : 2;
    expect(paginationInfo.count).toBe(count);
  });

  test('of answers are what a partner with the least scope gets, and valid', async () => {
    const list = await ask('');

    expect(jsonOf('/accounts').example).toEqual(list);
    expect(jsonOf('/accounts/{id}').example).toEqual(list.account[0]);
    expect(isValid('/accounts', await ask('', ALL))).toBe(true);
  });

  test.each(Object.entries(REFUSED_EXAMPLES))(
    'of the refusal %s are what the code answers',
    async (fault, { query, details }) => {
      const refusal = await ask(query);

      expect(refusal.code).toBe(FAULTS[fault as keyof typeof REFUSED_EXAMPLES].code);
      expect(refusal.details?.toSorted(byText)).toEqual([...details].toSorted(byText));
    },
  );

  test('of errors are one for each fault of the catalogue that HTTP knows', () => {
    const examples = Object.values(document.components.responses).flatMap(({ content }) =>
      Object.entries(content?.['application/json'].examples ?? {}),
    );
    const codes = examples.map(([code]) => code);
    const known = Object.values(FAULTS).map(({ code }): string => code);
    const egains = '507-100';

    expect(examples.map(([, { value }]) => value.code)).toEqual(codes);
    expect(new Set(codes)).toEqual(new Set([...known, egains]));
  });
});

describe('what generators read', () => {
  const schemas = [...schemasIn(document)];

  test('has a type wherever there are values to choose from, and no keyword of later versions', () => {
    const untyped = schemas.filter((schema) => 'enum' in schema && !('type' in schema));
    const later = schemas.filter(
      (schema) => 'const' in schema || '$schema' in schema || Array.isArray(schema['type']),
    );

    expect(document.openapi).toBe('3.0.3');
    expect([untyped, later]).toEqual([[], []]);
  });

  test('leaves room for new fields in answers, and says so, and none for another type', () => {
    const closed = schemas.filter((schema) => {
      return schema['type'] === 'object' && schema['additionalProperties'] !== true;
    });

    expect(closed).toEqual([]);
    expect(isValid('/accounts/{id}', { id: 'x', later: 1 })).toBe(true);
    expect(isValid('/accounts/{id}', { id: 'x', active: 'yes' })).toBe(false);
  });

  test('names every object in a schema', () => {
    const inner = Object.values(document.components.schemas).flatMap((schema) =>
      [...schemasIn(schema)].slice(1),
    );

    expect(inner.filter((schema) => 'properties' in schema)).toEqual([]);
  });

  test('has component names that differ in more than their case, since each may become a type', () => {
    const { schemas: named, parameters, responses } = document.components;
    const names = [named, parameters, responses].flatMap((kind) => Object.keys(kind));

    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(names.length);
  });

  test('describes everything that has a name', () => {
    const { parameters, headers, responses } = document.components;
    const properties = schemas.flatMap(({ properties: inside }) =>
      Object.entries((inside ?? {}) as Readonly<Record<string, object>>),
    );
    const parts = [parameters, headers, responses, document.components.schemas];
    const named = [...parts.flatMap((part) => Object.entries(part)), ...properties];

    const bare = named.filter(([, one]) => !('$ref' in one || 'description' in one));
    expect(bare.map(([name]) => name)).toEqual([]);
  });

  test('has nothing that gateways for agents refuse', () => {
    expect(checkedIn).not.toMatch(/"(?:oneOf|anyOf|allOf|style|explode)":/);
  });

  test('says how large integers are', () => {
    const integers = schemas.filter(({ type }) => type === 'integer');

    expect(integers.filter(({ format }) => format !== 'int32')).toEqual([]);
  });

  test('has no example that tools would send by default', () => {
    const parameters = Object.values(document.components.parameters);

    expect(parameters.filter((parameter) => 'example' in parameter)).toEqual([]);
  });

  test.each([
    ['/accounts', '200 304 400 401 403 409 413 415 429 500 502 503 504 5XX'],
    ['/accounts/{id}', '200 304 400 401 403 404 413 415 429 500 502 503 504 5XX'],
    ['/openapi.json', '200 304 403 413 415 429 500 504'],
  ])('has every status of %s', (path, statuses) => {
    expect(Object.keys(document.paths[path]?.get.responses ?? {}).join(' ')).toBe(statuses);
  });
});

function queryOf({ name, 'x-example': example }: Parameter): string {
  const values = [example].flat().map(String);
  return new URLSearchParams(values.map((value): [string, string] => [name, value])).toString();
}

/** Every schema in a part of the document: what has a type, a reference or values. */
function* schemasIn(part: unknown): Generator<Record<string, unknown>> {
  if (typeof part !== 'object' || part === null) return;
  const object = part as Record<string, unknown>;
  if (!Array.isArray(part) && ['type', '$ref', 'enum', 'const'].some((key) => key in object)) {
    yield object;
  }
  for (const value of Object.values(object)) yield* schemasIn(value);
}

function jsonOf(path: string) {
  const content = document.paths[path]?.get.responses['200']?.content['application/json'];
  if (content === undefined) throw new Error(`${path} has no answer`);
  return content;
}

const byText = (a: object, b: object) => JSON.stringify(a).localeCompare(JSON.stringify(b));
