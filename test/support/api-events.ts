import type { APIGatewayProxyEvent, Context } from 'aws-lambda';

export interface RequestOptions {
  readonly method?: string;
  readonly resource?: string;
  readonly id?: string;
  /** As it stands in the URL, after the question mark. */
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The authorizer's context; `null` for a route without one. */
  readonly authorizer?: Readonly<Record<string, unknown>> | null;
}

export const REQUEST_ID = '5b3f9a52-gateway';
const DOMAIN = 'a1.execute-api.eu-west-1.amazonaws.com';
/** Where the list of accounts is. */
export const LIST_URL = `https://${DOMAIN}/v1/accounts`;

/** An event as a REST API's proxy integration sends it. */
export function apiEvent(options: RequestOptions = {}): APIGatewayProxyEvent {
  const { method = 'GET', resource = '/accounts', id, query = '', headers = {} } = options;
  const authorizer =
    options.authorizer === undefined
      ? { partner: 'acme', scopes: 'accounts/read' }
      : options.authorizer;
  const multiple = Object.create(null) as Record<string, string[]>;
  const single = Object.create(null) as Record<string, string>;
  for (const [name, value] of new URLSearchParams(query)) {
    (multiple[name] ??= []).push(value);
    single[name] = value;
  }
  const event = {
    resource,
    path: resource,
    httpMethod: method,
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([k, v]) => [k, [v]])),
    queryStringParameters: query === '' ? null : single,
    multiValueQueryStringParameters: query === '' ? null : multiple,
    pathParameters: id === undefined ? null : { id },
    stageVariables: null,
    body: null,
    isBase64Encoded: false,
    requestContext: {
      requestId: REQUEST_ID,
      authorizer,
      domainName: DOMAIN,
      path: `/v1${resource.replace('{id}', id ?? '')}`,
    },
  };
  return event as unknown as APIGatewayProxyEvent;
}

export const lambdaContext = { getRemainingTimeInMillis: () => 20_000 } as Context;
