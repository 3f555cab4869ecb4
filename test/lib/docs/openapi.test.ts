import { readFileSync } from 'node:fs';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { beforeAll, describe, expect, test } from 'vitest';
import { SCOPES } from '../../../lambda/accounts/fields.ts';
import { PARAMETERS, type ParameterName } from '../../../lambda/accounts/parameters.ts';
import type { Query } from '../../../lambda/accounts/query.ts';
import { demandScopes, select } from '../../../lambda/accounts/query.ts';
import { FULL_VIEWER, type Viewer } from '../../../lambda/accounts/view.ts';
import { FAULTS, Fault } from '../../../lambda/faults.ts';
import { LIST_PARAMETERS, readQueryString } from '../../../lambda/http/request.ts';
import type { Snapshot } from '../../../lambda/snapshot/content.ts';
import { EXAMPLE_ACCOUNTS, REFUSED_EXAMPLES } from '../../../lib/docs/examples.ts';
import { createOpenApi } from '../../../lib/docs/openapi.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly explode?: boolean;
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
interface Components {
  readonly schemas: Readonly<Record<string, object>>;
}

interface OpenApi {
  readonly paths: Record<string, { get: { responses: Record<string, Answer> } }>;
  readonly components: {
    readonly parameters: Record<string, Parameter>;
    readonly responses: Record<string, Partial<Answer>>;
    readonly securitySchemes: {
      partner: { flows: { clientCredentials: { scopes: Record<string, string> } } };
    };
  };
}

const checkedIn = readFileSync(new URL('../../../docs/openapi.json', import.meta.url), 'utf8');
const document = JSON.parse(checkedIn) as OpenApi;
const snapshot: Snapshot = { accounts: EXAMPLE_ACCOUNTS, hash: 'examples' };
const leastViewer: Viewer = { scopes: new Set(['accounts/read']) };

test('the document that is checked in is the one that the code makes (npm run docs)', () => {
  expect(`${JSON.stringify(createOpenApi(), null, 2)}\n`).toBe(checkedIn);
});

test("Redocly's strict rules find nothing", async () => {
  const config = await createConfig({ extends: ['recommended-strict'] });
  const problems = await lintFromString({ source: checkedIn, config });
  expect(problems.map(({ ruleId, message }) => `${ruleId}: ${message}`)).toEqual([]);
});

describe('examples of parameters', () => {
  const all = Object.values(document.components.parameters).filter(({ in: at }) => at === 'query');

  test('there is one for each parameter', () => {
    expect(all.map(({ name }) => name)).toEqual(LIST_PARAMETERS);
  });

  test.each(all)('$name: it is taken, and accounts match', (parameter) => {
    const query = read(queryOf(parameter));
    demandScopes(query, FULL_VIEWER.scopes);
    const { count } = select(snapshot, FULL_VIEWER, query);
    const { form, ...row } = PARAMETERS[parameter.name as ParameterName];
    const filtersText = form === 'text' && 'reads' in row;
    expect(count).toBe(filtersText || parameter.name === 'attribute' ? 1 : 2);
  });
});

describe('examples of answers', () => {
  const ajv = new Ajv2020({ strict: false });
  const validate = (schema: object, value: unknown) => {
    const resolved = { ...schema, components: document.components };
    return ajv.validate(resolved, value) || ajv.errorsText();
  };
  beforeAll(() => addFormats.default(ajv));

  test('the list is what a partner with the least scope gets', () => {
    const { count, fragment } = select(snapshot, leastViewer, read(''));
    const account = Array.from({ length: count }, (_, row) => JSON.parse(fragment(row)) as object);
    const answer = { paginationInfo: { count, pagenum: 1, pagesize: 100 }, account };
    expect(exampleOf('/accounts')).toEqual(answer);
    expect(validate(schemaOf('/accounts'), answer)).toBe(true);
  });

  test('the account is one of that list', () => {
    const { fragment } = select(snapshot, leastViewer, read(''));
    expect(exampleOf('/accounts/{id}')).toEqual(JSON.parse(fragment(0)));
    expect(validate(schemaOf('/accounts/{id}'), exampleOf('/accounts/{id}'))).toBe(true);
  });

  test('accounts as eGain may send them are valid', () => {
    const { count, fragment } = select(snapshot, FULL_VIEWER, read(''));
    const account = Array.from({ length: count }, (_, row) => JSON.parse(fragment(row)) as object);
    const answer = { paginationInfo: { count, pagenum: 1, pagesize: 100 }, account };
    expect(validate(schemaOf('/accounts'), answer)).toBe(true);
  });

  test('a field of another type is not valid, a field that comes later is', () => {
    expect(validate(schemaOf('/accounts/{id}'), { id: 'x', active: 'yes' })).not.toBe(true);
    expect(validate(schemaOf('/accounts/{id}'), { id: 'x', later: 1 })).toBe(true);
  });

  const errors = Object.entries(document.components.responses).flatMap(([name, { content }]) =>
    Object.entries(content?.['application/json'].examples ?? {}).map(([code, { value }]) => ({
      name,
      code,
      value,
      schema: content?.['application/json'].schema ?? {},
    })),
  );

  test('there is one for each fault of the catalogue that HTTP knows', () => {
    const own = Object.values(FAULTS).map(({ code }): string => code);
    const codes = errors.map(({ code }) => code).filter((code) => own.includes(code));
    const task = '409-901';
    expect(codes.toSorted()).toEqual(own.filter((code) => code !== task).toSorted());
  });

  test.each(errors)(
    '$name $code is an Error, and one without a code is not',
    ({ code, value, schema }) => {
      expect(schema).toEqual({ $ref: '#/components/schemas/Error' });
      expect(value.code).toBe(code);
      expect(validate(schema, value)).toBe(true);
      expect(validate(schema, { ...value, code: undefined })).not.toBe(true);
    },
  );
});

describe('what generators read', () => {
  const schemas = [...schemasIn(document)];

  test('has a type wherever there are values to choose from, and no keyword of later versions', () => {
    const untyped = schemas.filter((schema) => 'enum' in schema && !('type' in schema));
    const later = schemas.filter(
      (schema) => 'const' in schema || '$schema' in schema || Array.isArray(schema['type']),
    );

    expect(document).toMatchObject({ openapi: '3.0.3' });
    expect([untyped, later]).toEqual([[], []]);
  });

  test('leaves room for new fields in answers', () => {
    expect(schemas.filter((schema) => schema['additionalProperties'] === false)).toEqual([]);
  });

  test('has no object without a name in a schema', () => {
    const named = Object.values((document.components as unknown as Components).schemas);
    const inner = named.flatMap((schema) => [...schemasIn(schema)].slice(1));

    expect(inner.filter((schema) => 'properties' in schema)).toEqual([]);
  });
});

describe('examples of refusals', () => {
  test.each(Object.entries(REFUSED_EXAMPLES))(
    '%s has the rows that the code makes',
    (kind, example) => {
      const refusal = catchFault(() => demandScopes(read(example.query), leastViewer.scopes));
      expect(refusal.kind).toBe(kind);
      expect(refusal.details.toSorted(byText)).toEqual([...example.details].toSorted(byText));
    },
  );
});

test('each scope is described', () => {
  const { scopes } = document.components.securitySchemes.partner.flows.clientCredentials;
  expect(Object.keys(scopes)).toEqual(SCOPES);
});

test.each([
  ['/accounts', '200 304 400 401 403 413 415 429 500 502 503 504 default'],
  ['/accounts/{id}', '200 304 400 401 403 404 413 415 429 500 502 503 504 default'],
  ['/openapi.json', '200 304 403 413 415 429 500 504'],
])('%s tells every status that it can answer with', (path, statuses) => {
  expect(Object.keys(document.paths[path]?.get.responses ?? {}).join(' ')).toBe(statuses);
});

function read(query: string): Query {
  const multiValueQueryStringParameters: Record<string, string[]> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    (multiValueQueryStringParameters[name] ??= []).push(value);
  }
  return readQueryString(
    { queryStringParameters: null, multiValueQueryStringParameters },
    LIST_PARAMETERS,
  );
}

function queryOf({ name, explode, 'x-example': example }: Parameter): string {
  const values = Array.isArray(example) ? (example as string[]) : [String(example)];
  const written = explode === false ? [values.join(',')] : values;
  return new URLSearchParams(written.map((value): [string, string] => [name, value])).toString();
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

function exampleOf(path: string): unknown {
  return document.paths[path]?.get.responses['200']?.content['application/json'].example;
}

function schemaOf(path: string): object {
  return document.paths[path]?.get.responses['200']?.content['application/json'].schema ?? {};
}

function catchFault(run: () => void): Fault {
  try {
    run();
  } catch (error) {
    if (error instanceof Fault) return error;
  }
  throw new Error('nothing was refused');
}

const byText = (a: object, b: object) => JSON.stringify(a).localeCompare(JSON.stringify(b));
