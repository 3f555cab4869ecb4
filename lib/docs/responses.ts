import { FAULT_NAMES, FAULTS, type FaultName } from '../../lambda/faults.ts';
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
  NoStore: header('An error is not to be kept.', { type: 'string', enum: ['no-store'] }),
  Age: header('Whole seconds since the accounts were fetched from eGain.', {
    type: 'integer',
    minimum: 0,
  }),
  Vary: header('What of the request an answer depends on, for caches.', { type: 'string' }),
  CacheStatus: header('How the accounts were had, by RFC 9211: a hit, a miss, or stale.', {
    type: 'string',
  }),
  XCorrelationId: header('Names this request in the logs. Your own, where you sent a valid one.', {
    type: 'string',
    pattern: '^[A-Za-z0-9._:-]{1,128}$',
  }),
  WWWAuthenticate: header('How to authenticate.', {
    type: 'string',
    enum: ['Bearer realm="accounts"'],
  }),
  RetryAfter: {
    ...header('How many seconds to wait.', {
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

/** One row of an error's details. */
export const ERROR_DETAIL = {
  type: 'object',
  description: 'One thing that there is to say in particular, as which parameter is wrong.',
  properties: { key: { type: 'string' }, value: { type: 'string' } },
  required: ['key', 'value'],
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
        ...FAULT_NAMES.filter((fault) => fault !== 'snapshotExpired').map(
          (fault) => `- \`${FAULTS[fault].code}\`: ${FAULTS[fault].developerMessage}`,
        ),
      ].join('\n'),
      example: FAULTS.invalidRequest.code,
    },
    developerMessage: { type: 'string', description: 'What happened, for the log.' },
    details: { type: 'array', items: { $ref: '#/components/schemas/ErrorDetail' } },
    userMessage: {
      type: 'string',
      description: 'For people. Only when asked for by `X-egain-error-message: yes`.',
    },
  },
  required: ['code', 'developerMessage'],
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

const ERROR_REFERENCE = { $ref: '#/components/schemas/Error' };

/** A failure of eGain's own with a status that this product has none of. */
export const UPSTREAM_FAILURE = {
  description: "eGain's own failure, passed on with its status and code.",
  headers: headers('XCorrelationId', 'NoStore'),
  content: {
    'application/json': {
      schema: ERROR_REFERENCE,
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
  const extra: HeaderName[] = [];
  if (status === 401) extra.push('WWWAuthenticate');
  if (status === 429 || status === 503) extra.push('RetryAfter');
  const egain = status >= 500 ? ["A code with a number below 900 is eGain's own, passed on."] : [];
  return {
    description: [
      ...rows.map(({ code, developerMessage }) => `\`${code}\`: ${developerMessage}`),
      ...egain,
    ].join('\n\n'),
    headers: headers('XCorrelationId', 'NoStore', ...extra),
    content: {
      'application/json': {
        schema: ERROR_REFERENCE,
        examples: Object.fromEntries(faults.map((fault) => [FAULTS[fault].code, example(fault)])),
      },
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
