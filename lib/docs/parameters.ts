import * as z from 'zod/mini';
import { COMPARABLES, DEFAULT_SORT } from '../../lambda/accounts/compare.ts';
import { FIELDS, leavesOf } from '../../lambda/accounts/fields.ts';
import {
  DEFAULT_PAGESIZE,
  isFilter,
  isParameter,
  PARAMETER_NAMES,
  PARAMETERS,
  type ParameterName,
} from '../../lambda/accounts/parameters.ts';
import { PARAMETER_EXAMPLES } from './examples.ts';

const DEFAULTS: Partial<Record<ParameterName, unknown>> = {
  pagenum: 1,
  pagesize: DEFAULT_PAGESIZE,
  sort: DEFAULT_SORT,
};

/**
 * The request headers that every route reads. An `example` would be sent by default: Swagger UI and
 * Postman fill it in.
 */
const HEADER_PARAMETERS = {
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description: 'Entity tags that you have, or `*`. Where one still holds, the answer is a 304.',
    schema: { type: 'string' },
  },
  XEgainErrorMessage: {
    name: 'X-egain-error-message',
    in: 'header',
    description: '`yes`, in any case, asks for `userMessage` in errors.',
    schema: { type: 'string' },
    'x-example': 'yes',
  },
  XCorrelationId: {
    name: 'X-Correlation-Id',
    in: 'header',
    description:
      'Your own name for the request: 1 to 128 of `A-Z a-z 0-9 . _ : -`. Any other is replaced.',
    schema: { type: 'string' },
    'x-example': 'nightly-sync-42',
  },
} as const;

/** Generators make types of components, so a parameter must not be named as a schema in another case. */
const componentOf = (name: string) =>
  `${name}${isParameter(name) && isFilter(name) ? 'Filter' : 'Parameter'}`;

/** Every parameter of the document, by component name. */
export function parameterComponents(): Record<string, object> {
  return Object.fromEntries([
    ...PARAMETER_NAMES.map((name) => [componentOf(name), queryParameter(name)]),
    ...Object.entries(HEADER_PARAMETERS).map(([name, row]) => [componentOf(name), row]),
  ]);
}

/** References to query parameters, and to the headers that go with every request. */
export function parameters(names: readonly ParameterName[]): object[] {
  const all = [...names, ...Object.keys(HEADER_PARAMETERS)];
  return all.map((name) => ({ $ref: `#/components/parameters/${componentOf(name)}` }));
}

function queryParameter(name: ParameterName): object {
  const row = PARAMETERS[name];
  const { $schema: _, ...schema } = z.toJSONSchema(row.schema, {
    io: 'input',
    target: 'openapi-3.0',
  });
  return {
    name,
    in: 'query',
    description: [row.description, ...scopeNote(name)].join(' '),
    schema: {
      ...schema,
      ...(row.form === 'integer' ? { format: 'int32' } : {}),
      ...(name in DEFAULTS ? { default: DEFAULTS[name] } : {}),
    },
    'x-example': PARAMETER_EXAMPLES[name],
  };
}

/** Names the scope of a filter that `accounts/read` does not open. */
function scopeNote(name: ParameterName): string[] {
  const row = PARAMETERS[name];
  const scopes =
    'reads' in row ? leavesOf(COMPARABLES[row.reads].path).map((leaf) => FIELDS[leaf]) : [];
  const [scope = 'accounts/read'] = scopes;
  return scope === 'accounts/read' ? [] : [`Scope \`${scope}\`.`];
}
