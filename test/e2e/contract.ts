import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from 'vitest';

/** An HTTP answer, its body as text. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

interface ResponseObject {
  readonly headers?: Readonly<Record<string, object>>;
  readonly content?: object;
}

const document = JSON.parse(
  readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'),
) as {
  readonly paths: Readonly<Record<string, { readonly get: { readonly responses: object } }>>;
};
const settings = { strict: false, allErrors: true };
const bodies = addedTo(new Ajv2020(settings));
/** A header is a text, whatever its type. */
const texts = addedTo(new Ajv2020({ ...settings, coerceTypes: true }));

function addedTo(ajv: Ajv2020): Ajv2020 {
  addFormats.default(ajv);
  return ajv.addSchema(document, 'openapi');
}

/**
 * Checks an answer of `GET <path>` against `docs/openapi.json`: the status is one that it names,
 * each header and the body are as it says. `path` is a path of the document; any other stands for
 * a route that does not exist, whose answer is the document's `NotFound`.
 */
export function expectContract(path: string, { status, headers, text }: Answer): void {
  const at = responsePointer(path, status);
  expect(at, `${status} is no answer of ${path}`).toBeDefined();
  const { pointer, found } = resolve(at ?? '');
  const response = found as ResponseObject;
  for (const name of Object.keys(response.headers ?? {})) {
    const header = resolve(`${pointer}/headers/${escape(name)}`);
    const value = headers.get(name);
    const { required = false } = header.found as { readonly required?: boolean };
    if (value === null) expect(required, `${name} is missing`).toBe(false);
    else expectSchema(texts, `${header.pointer}/schema`, value, name);
  }
  if (response.content === undefined) return expect(text).toBe('');
  expect(headers.get('content-type')).toMatch(/^application\/json/);
  const schema = `${pointer}/content/application~1json/schema`;
  expectSchema(bodies, schema, JSON.parse(text), `${status} ${path}`);
}

function responsePointer(path: string, status: number): string | undefined {
  const known = document.paths[path]?.get.responses;
  if (known === undefined) return status === 404 ? '#/components/responses/NotFound' : undefined;
  const key = [String(status), status >= 500 ? '5XX' : ''].find((name) => name in known);
  return key === undefined ? undefined : `#/paths/${escape(path)}/get/responses/${key}`;
}

/** What is at a pointer, references followed, and the pointer to it. */
function resolve(pointer: string): { readonly pointer: string; readonly found: object } {
  let found: object = document;
  for (const part of pointer.split('/').slice(1)) {
    found = Reflect.get(found, part.replaceAll('~1', '/').replaceAll('~0', '~')) as object;
  }
  return '$ref' in found ? resolve(String(found.$ref)) : { pointer, found };
}

function expectSchema(ajv: Ajv2020, pointer: string, value: unknown, what: string): void {
  const $ref = `openapi${pointer}`;
  const validate = ajv.getSchema($ref) ?? ajv.compile({ $ref });
  if (validate(value) !== true) expect.fail(`${what}: ${ajv.errorsText(validate.errors)}`);
}

function escape(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1');
}
