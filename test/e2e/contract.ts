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

interface HeaderObject {
  readonly $ref?: string;
  readonly required?: boolean;
  readonly schema?: { readonly type?: string };
}

interface ResponseObject {
  readonly $ref?: string;
  readonly headers?: Readonly<Record<string, HeaderObject>>;
  readonly content?: Readonly<Record<string, unknown>>;
}

interface OpenApi {
  readonly paths: Readonly<
    Record<
      string,
      { readonly get: { readonly responses: Readonly<Record<string, ResponseObject>> } }
    >
  >;
}

const document = JSON.parse(
  readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'),
) as OpenApi;
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(document, 'openapi');

/**
 * Checks an answer of `GET <path>` against `docs/openapi.json`: the status is one that it names,
 * each header and the body are as it says. `path` is a path of the document; any other stands for
 * a route that does not exist, whose answer is the document's `NotFound`.
 */
export function expectContract(path: string, { status, headers, text }: Answer): void {
  const at = responsePointer(path, status);
  expect(at, `${status} is no answer of ${path}`).toBeDefined();
  const { pointer, response } = resolve(at ?? '') as { pointer: string; response: ResponseObject };
  for (const [name, header] of Object.entries(response.headers ?? {})) {
    expectHeader(`${pointer}/headers/${escape(name)}`, name, header, headers.get(name));
  }
  if (response.content === undefined) {
    expect(text).toBe('');
    return;
  }
  expect(headers.get('content-type')).toMatch(/^application\/json/);
  expectSchema(
    `${pointer}/content/application~1json/schema`,
    JSON.parse(text),
    `${status} ${path}`,
  );
}

function responsePointer(path: string, status: number): string | undefined {
  const known = document.paths[path]?.get.responses;
  if (known === undefined) return status === 404 ? '#/components/responses/NotFound' : undefined;
  const key = [String(status), status >= 500 ? 'default' : ''].find((name) => name in known);
  return key === undefined ? undefined : `#/paths/${escape(path)}/get/responses/${key}`;
}

function resolve(pointer: string): { pointer: string; response: unknown } {
  let value: unknown = document;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    value = (value as Record<string, unknown>)[key];
  }
  const { $ref } = value as { readonly $ref?: string };
  return $ref === undefined ? { pointer, response: value } : resolve($ref);
}

function expectHeader(
  pointer: string,
  name: string,
  header: HeaderObject,
  value: string | null,
): void {
  const resolved = resolve(header.$ref ?? pointer);
  const { required, schema } = resolved.response as HeaderObject;
  if (value === null) {
    expect(required ?? false, `${name} is missing`).toBe(false);
    return;
  }
  const typed = schema?.type === 'integer' || schema?.type === 'number' ? Number(value) : value;
  if (schema !== undefined) expectSchema(`${resolved.pointer}/schema`, typed, name);
}

function expectSchema(pointer: string, value: unknown, what: string): void {
  const validate = ajv.getSchema(`openapi${pointer}`) ?? ajv.compile({ $ref: `openapi${pointer}` });
  if (validate(value) !== true) expect.fail(`${what}: ${ajv.errorsText(validate.errors)}`);
}

function escape(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1');
}
