import type { GatewayResponse } from './api-template.ts';

/**
 * The errors that API Gateway makes by itself: the status that each has by default, and its text.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
 */
const GATEWAY_ERRORS = {
  ACCESS_DENIED: [403, 'User is not authorized to access this resource with an explicit deny'],
  API_CONFIGURATION_ERROR: [500, 'Internal server error'],
  AUTHORIZER_CONFIGURATION_ERROR: [500, 'Internal server error'],
  AUTHORIZER_FAILURE: [500, 'Internal server error'],
  BAD_REQUEST_PARAMETERS: [400, 'Bad Request'],
  DEFAULT_5XX: [502, 'Internal server error'],
  INTEGRATION_FAILURE: [504, 'Internal server error'],
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
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Renders the API's own response for an error, or API Gateway's where the API has none. */
export function renderGatewayResponse(
  responses: ReadonlyMap<string, GatewayResponse>,
  type: GatewayErrorType,
  requestId: string,
  stage: string,
): RenderedResponse {
  const [defaultStatus, message] = GATEWAY_ERRORS[type];
  const fallback = defaultStatus < 500 ? 'DEFAULT_4XX' : 'DEFAULT_5XX';
  const response = responses.get(type) ?? responses.get(fallback);
  const variables: Readonly<Record<string, string>> = {
    'error.message': message,
    'error.messageString': JSON.stringify(message),
    'error.responseType': type,
    extendedRequestId: requestId.slice(0, 16),
    requestId,
    stage,
  };
  const headers = Object.entries(response?.headers ?? {}).map(([name, value]) => [
    name,
    value.startsWith("'") ? value.slice(1, -1) : (variables[value.replace(/^context\./, '')] ?? ''),
  ]);
  return {
    status: response?.status ?? defaultStatus,
    headers: {
      'Content-Type': 'application/json',
      'x-amzn-RequestId': requestId,
      'x-amzn-ErrorType': `${type}_EXCEPTION`,
      ...(Object.fromEntries(headers) as Record<string, string>),
    },
    body: substituteContext(
      response?.template ?? '{"message":$context.error.messageString}',
      variables,
    ),
  };
}

/** Fills in `$context` variables, the only ones these templates know; others become nothing. */
export function substituteContext(
  template: string,
  variables: Readonly<Record<string, string>>,
): string {
  return template.replace(
    /\$(?:\{context\.([\w.]+)\}|context\.([A-Za-z]\w*(?:\.[A-Za-z]\w*)*))/g,
    (_whole, braced?: string, bare?: string) => variables[braced ?? bare ?? ''] ?? '',
  );
}
