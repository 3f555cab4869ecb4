import type { GatewayResponse } from './api-template.ts';

/**
 * The errors that API Gateway makes by itself: the default status and text of each.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
 */
const GATEWAY_ERRORS = {
  ACCESS_DENIED: [403, 'User is not authorized to access this resource with an explicit deny'],
  AUTHORIZER_CONFIGURATION_ERROR: [500, 'Internal server error'],
  AUTHORIZER_FAILURE: [500, 'Internal server error'],
  BAD_REQUEST_PARAMETERS: [400, 'Bad Request'],
  DEFAULT_5XX: [502, 'Internal server error'],
  INTEGRATION_TIMEOUT: [504, 'Endpoint request timed out'],
  INVALID_API_KEY: [403, 'Forbidden'],
  MISSING_AUTHENTICATION_TOKEN: [403, 'Missing Authentication Token'],
  QUOTA_EXCEEDED: [429, 'Limit Exceeded'],
  REQUEST_TOO_LARGE: [413, 'Request Too Long'],
  THROTTLED: [429, 'Too Many Requests'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'Unsupported Media Type'],
  UNAUTHORIZED: [401, 'Unauthorized'],
} as const satisfies Record<string, readonly [number, string]>;

export type GatewayErrorType = keyof typeof GATEWAY_ERRORS;

export interface RenderedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: string;
}

/** Renders the API's own response for an error, or API Gateway's where the API has none. */
export function renderGatewayResponse(
  responses: ReadonlyMap<string, GatewayResponse>,
  type: GatewayErrorType,
  requestId: string,
): RenderedResponse {
  const [defaultStatus, message] = GATEWAY_ERRORS[type];
  const fallback = defaultStatus < 500 ? 'DEFAULT_4XX' : 'DEFAULT_5XX';
  const {
    StatusCode,
    ResponseTemplates,
    ResponseParameters = {},
  } = responses.get(type) ?? responses.get(fallback) ?? {};
  const variables = {
    'error.message': message,
    'error.messageString': JSON.stringify(message),
    'error.responseType': type,
    requestId,
  };
  const template =
    ResponseTemplates?.['application/json'] ?? '{"message":$context.error.messageString}';
  const body = substituteContext(template, variables);
  const headers = Object.entries(ResponseParameters).map(([name, value]) => [
    name.replace(/^gatewayresponse\.header\./, ''),
    value.startsWith("'") ? value.slice(1, -1) : substituteContext(`$${value}`, variables),
  ]);
  return {
    status: Number(StatusCode ?? defaultStatus),
    headers: {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
      'x-amzn-RequestId': requestId,
      'x-amzn-ErrorType': `${type}_EXCEPTION`,
      ...(Object.fromEntries(headers) as Record<string, string>),
    },
    body,
  };
}

/** Fills in `$context` variables, the only ones that these templates have; unknown ones are empty. */
export function substituteContext(
  template: string,
  variables: Readonly<Record<string, string>>,
): string {
  return template.replace(
    /\$(?:\{context\.([\w.]+)\}|context\.([A-Za-z]\w*(?:\.[A-Za-z]\w*)*))/g,
    (_whole, braced?: string, bare?: string) => variables[braced ?? bare ?? ''] ?? '',
  );
}
