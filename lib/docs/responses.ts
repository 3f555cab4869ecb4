import { FAULTS, type FaultName } from '../../lambda/faults.ts';
import { REFUSED_EXAMPLES, UPSTREAM_DETAILS } from './examples.ts';

const NAMES: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  413: 'TooLarge',
  415: 'UnsupportedMediaType',
  429: 'TooManyRequests',
  500: 'InternalError',
  502: 'BadGateway',
  503: 'ServiceUnavailable',
  504: 'GatewayTimeout',
};

/** The number behind the status is eGain's own: below 900. */
const EGAIN_NUMBER = '0*[1-8]?[0-9]{1,2}$';

/** Every header that an answer may carry. */
export const HEADERS = {
  ETag: header('A weak entity tag of the body; send it back in `If-None-Match`.', {
    type: 'string',
    pattern: '^W/"[A-Za-z0-9_-]+"$',
  }),
  AccountsVersion: header(
    'Names all that you can see. It changes exactly when something in that does, whatever was asked for.',
    { type: 'string', pattern: '^[A-Za-z0-9_-]+$' },
  ),
  Link: {
    ...header(
      'The pages `first`, `prev`, `next` and `last`, as far as there are such (RFC 8288), as references relative to this one.',
      { type: 'string' },
    ),
    required: false,
  },
  CacheControl: header('For how many seconds accounts are fresh; `Age` is to be taken off it.', {
    type: 'string',
    pattern: '^private, max-age=[0-9]+$',
  }),
  PublicCacheControl: header('For how many seconds the answer is fresh, for anybody.', {
    type: 'string',
    pattern: '^public, max-age=[0-9]+$',
  }),
  NoStore: header('An error is not to be kept.', { const: 'no-store' }),
  Age: header('Whole seconds since the accounts were fetched from eGain.', {
    type: 'integer',
    minimum: 0,
  }),
  CacheStatus: header('How the accounts were had, by RFC 9211: a hit, a miss, or stale.', {
    type: 'string',
  }),
  XCorrelationId: header('Names this request in the logs. Your own, where you sent a valid one.', {
    type: 'string',
    pattern: '^[A-Za-z0-9._:-]{1,128}$',
  }),
  WWWAuthenticate: header('How to authenticate.', { const: 'Bearer' }),
  RetryAfter: {
    ...header('How many seconds to wait. There with every `503-901` and `503-902`.', {
      type: 'integer',
      minimum: 1,
      maximum: 3600,
    }),
    required: false,
  },
} as const;

export type HeaderName = keyof typeof HEADERS;

const WIRE_NAMES: Partial<Record<HeaderName, string>> = {
  AccountsVersion: 'Accounts-Version',
  CacheControl: 'Cache-Control',
  PublicCacheControl: 'Cache-Control',
  NoStore: 'Cache-Control',
  CacheStatus: 'Cache-Status',
  XCorrelationId: 'X-Correlation-Id',
  WWWAuthenticate: 'WWW-Authenticate',
  RetryAfter: 'Retry-After',
};

function header(description: string, schema: object) {
  return { description, required: true, schema };
}

/** References to headers, by the name on the wire. */
export function headers(...names: readonly HeaderName[]): Record<string, object> {
  const reference = (name: HeaderName) => ({ $ref: `#/components/headers/${name}` });
  return Object.fromEntries(names.map((name) => [WIRE_NAMES[name] ?? name, reference(name)]));
}

/** eGain's error envelope, with this product's own codes or eGain's. */
export const ENVELOPE = {
  type: 'object',
  description: 'What went wrong. `code` is unique as a whole: branch on it, not on the text.',
  properties: {
    code: {
      type: 'string',
      pattern: '^[0-9]{3}-[0-9]+$',
      description: 'The HTTP status and a number: from 900 this service speaks, below 900 eGain.',
    },
    developerMessage: { type: 'string', description: 'What happened, for the log.' },
    details: {
      type: 'array',
      description: 'What there is to say in particular, as which parameter is wrong.',
      items: {
        type: 'object',
        properties: { key: { type: 'string' }, value: { type: 'string' } },
        required: ['key', 'value'],
        additionalProperties: false,
      },
    },
    userMessage: {
      type: 'string',
      description: 'For people. Only when asked for by `X-egain-error-message: yes`.',
    },
  },
  required: ['code', 'developerMessage'],
  additionalProperties: false,
} as const;

/** References to the answers that a route gives to these faults, by status. */
export function failures(faults: readonly FaultName[]): Record<string, object> {
  const statuses = new Set(faults.map((fault) => FAULTS[fault].status));
  return Object.fromEntries(
    [...statuses].map((status) => [status, { $ref: `#/components/responses/${NAMES[status]}` }]),
  );
}

/** The answers to these faults, by name; one for each status. */
export function failureComponents(faults: readonly FaultName[]): Record<string, object> {
  const byStatus = Map.groupBy(faults, (fault) => FAULTS[fault].status);
  const rows = [...byStatus].map(([status, group]) => [NAMES[status], failure(status, group)]);
  return Object.fromEntries(rows);
}

/** A failure of eGain's own, passed on with its envelope. */
export const UPSTREAM_FAILURE = {
  description: "eGain's own failure, passed on as eGain tells it.",
  headers: headers('XCorrelationId', 'NoStore'),
  content: {
    'application/json': {
      schema: envelopeWith({ pattern: `^5[0-9]{2}-${EGAIN_NUMBER}` }),
      examples: {
        '507-100': {
          summary: "eGain's own fault",
          value: { code: '507-100', developerMessage: 'Insufficient storage' },
        },
      },
    },
  },
};

function failure(status: number, faults: readonly FaultName[]): object {
  const rows = faults.map((fault) => FAULTS[fault]);
  const own = { enum: rows.map(({ code }) => code) };
  const egain = { pattern: `^${status}-${EGAIN_NUMBER}`, description: "eGain's own fault" };
  const extra: HeaderName[] = [];
  if (status === 401) extra.push('WWWAuthenticate');
  if (status === 503) extra.push('RetryAfter');
  return {
    description: rows
      .map(({ code, developerMessage }) => `\`${code}\`: ${developerMessage}`)
      .join('\n\n'),
    headers: headers('XCorrelationId', 'NoStore', ...extra),
    content: {
      'application/json': {
        schema: envelopeWith(status >= 500 ? { anyOf: [own, egain] } : own),
        examples: Object.fromEntries(faults.map((fault) => [FAULTS[fault].code, example(fault)])),
      },
    },
  };
}

function envelopeWith(code: object): object {
  return {
    allOf: [
      { $ref: '#/components/schemas/Error' },
      { type: 'object', properties: { code: { type: 'string', ...code } } },
    ],
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
