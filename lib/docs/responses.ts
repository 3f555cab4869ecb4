import { STATUS_CODES } from 'node:http';
import { FAULTS, type FaultName } from '../../lambda/faults.ts';
import { REFUSED_EXAMPLES, UPSTREAM_DETAILS } from './examples.ts';

/** What people call a status; without spaces, the name of its component. */
const STATUS_NAMES: Readonly<Record<number, string | undefined>> = {
  ...STATUS_CODES,
  413: 'Too Large',
  500: 'Internal Error',
};

const componentOf = (status: number) => STATUS_NAMES[status]?.replaceAll(' ', '') ?? '';

const TEXT = { type: 'string' };
const SECONDS = { type: 'integer', format: 'int32' };
const pattern = (form: string) => ({ ...TEXT, pattern: form });
const only = (value: string) => ({ ...TEXT, enum: [value] });

/** Every header of an answer by its component: the name on the wire, what it says, its schema. */
const HEADER_ROWS = {
  ETag: [
    'ETag',
    'A weak entity tag of the body; send it back in `If-None-Match`.',
    pattern('^W/"[A-Za-z0-9_-]+"$'),
  ],
  AccountsVersion: [
    'Accounts-Version',
    'Names all that you can see. It changes exactly when something in that does, whatever was asked for.',
    pattern('^[A-Za-z0-9_-]+$'),
  ],
  Link: [
    'Link',
    'The URLs of the pages `first`, `prev`, `next` and `last`, as far as there are such (RFC 8288).',
    TEXT,
  ],
  CacheControl: [
    'Cache-Control',
    'For how many seconds accounts are fresh; `Age` is to be taken off it.',
    pattern('^private, max-age=[0-9]+$'),
  ],
  PublicCacheControl: [
    'Cache-Control',
    'For how many seconds the answer is fresh, for anybody.',
    pattern('^public, max-age=[0-9]+$'),
  ],
  NoStore: ['Cache-Control', 'An error is not to be kept.', only('no-store')],
  Age: [
    'Age',
    'Whole seconds since the accounts were fetched from eGain.',
    { ...SECONDS, minimum: 0 },
  ],
  Vary: ['Vary', 'What of the request an answer depends on, for caches.', TEXT],
  CacheStatus: [
    'Cache-Status',
    'How the accounts were had, by RFC 9211: a hit, a miss, or stale.',
    TEXT,
  ],
  XCorrelationId: [
    'X-Correlation-Id',
    'Names this request in the logs. Your own, where you sent a valid one.',
    pattern('^[A-Za-z0-9._:-]{1,128}$'),
  ],
  WWWAuthenticate: ['WWW-Authenticate', 'How to authenticate.', only('Bearer realm="accounts"')],
  RetryAfter: [
    'Retry-After',
    'How many seconds to wait.',
    { ...SECONDS, minimum: 1, maximum: 3600 },
  ],
} as const;

export type HeaderName = keyof typeof HEADER_ROWS;

const OPTIONAL: ReadonlySet<string> = new Set(['Link', 'RetryAfter']);

/** The header components. */
export const HEADERS = Object.fromEntries(
  Object.entries(HEADER_ROWS).map(([name, [, description, schema]]) => [
    name,
    { description, required: !OPTIONAL.has(name), schema },
  ]),
);

/** References to headers, by the name on the wire. */
export function headers(...names: readonly HeaderName[]): Record<string, object> {
  const reference = (name: HeaderName) => ({ $ref: `#/components/headers/${name}` });
  return Object.fromEntries(names.map((name) => [HEADER_ROWS[name][0], reference(name)]));
}

/** One row of an error's details. */
export const ERROR_DETAIL = {
  type: 'object',
  description: 'One thing that there is to say in particular, as which parameter is wrong.',
  properties: {
    key: { ...TEXT, description: 'What it is about, as the name of a parameter.' },
    value: { ...TEXT, description: 'What there is to say of it.' },
  },
  required: ['key', 'value'],
  additionalProperties: true,
} as const;

/** eGain's error envelope, with this product's own codes or eGain's. */
export const ERROR = {
  type: 'object',
  description: 'What went wrong. `code` is unique as a whole: branch on it, not on the text.',
  properties: {
    code: {
      type: 'string',
      pattern: '^[0-9]{3}-[0-9]+$',
      description: [
        'The HTTP status and a number: from 900 this service speaks, below 900 eGain. New codes may ' +
          'come. So far:',
        ...Object.values(FAULTS).map(
          ({ code, developerMessage }) => `- \`${code}\`: ${developerMessage}`,
        ),
      ].join('\n'),
      example: FAULTS.invalidRequest.code,
    },
    developerMessage: { type: 'string', description: 'What happened, for the log.' },
    details: {
      type: 'array',
      description: 'What there is to say in particular, where there is something.',
      items: { $ref: '#/components/schemas/ErrorDetail' },
    },
    userMessage: {
      type: 'string',
      description: 'For people. Only when asked for by `X-egain-error-message: yes`.',
    },
  },
  required: ['code', 'developerMessage'],
  additionalProperties: true,
} as const;

/** References to the answers that a route gives to these faults, by status. */
export function failures(faults: readonly FaultName[]): Record<string, object> {
  const statuses = new Set(faults.map((fault) => FAULTS[fault].status));
  return Object.fromEntries(
    [...statuses].map((status) => [
      status,
      { $ref: `#/components/responses/${componentOf(status)}` },
    ]),
  );
}

/** The answers to these faults, by name; one for each status. */
export function failureComponents(faults: readonly FaultName[]): Record<string, object> {
  const byStatus = Map.groupBy(faults, (fault) => FAULTS[fault].status);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [componentOf(status), failure(status, group)]),
  );
}

/** eGain's own failure, with a status that this product never uses. */
export const UPSTREAM_FAILURE = failureAnswer(
  "eGain's own failure, passed on with its status and code.",
  [],
  {
    '507-100': {
      summary: "eGain's own fault",
      value: { code: '507-100', developerMessage: 'Insufficient storage' },
    },
  },
);

function failure(status: number, faults: readonly FaultName[]): object {
  const rows = faults.map((fault) => FAULTS[fault]);
  const extra: HeaderName[] = [];
  if (status === 401) extra.push('WWWAuthenticate');
  if (status === 429 || status === 503) extra.push('RetryAfter');
  const egain = status >= 500 ? ["A code with a number below 900 is eGain's own, passed on."] : [];
  const meanings = rows.map(({ code, developerMessage }) => `\`${code}\`: ${developerMessage}`);
  const examples = faults.map((fault) => [FAULTS[fault].code, example(fault)] as const);
  return failureAnswer([...meanings, ...egain].join('\n\n'), extra, Object.fromEntries(examples));
}

function failureAnswer(
  description: string,
  extra: readonly HeaderName[],
  examples: Readonly<Record<string, object>>,
): object {
  return {
    description,
    headers: headers('XCorrelationId', 'NoStore', ...extra),
    content: {
      'application/json': { schema: { $ref: '#/components/schemas/Error' }, examples },
    },
  };
}

function example(fault: FaultName): object {
  const { code, developerMessage, advice } = FAULTS[fault];
  const refused: Partial<Record<FaultName, { details: unknown }>> = REFUSED_EXAMPLES;
  const details = refused[fault]?.details ?? UPSTREAM_DETAILS[fault];
  return {
    summary: advice,
    value: { code, developerMessage, ...(details === undefined ? {} : { details }) },
  };
}
