/** As much of a `GET /accounts` as the functions read of it. */
export interface ApiEvent {
  readonly headers: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** A partner's `GET /accounts`, as API Gateway's proxy integration sends it. */
export function apiEvent(
  query: Readonly<Record<string, string>> = {},
  extraHeaders: Readonly<Record<string, string>> = {},
): ApiEvent {
  const parameters = { pagesize: '100', ...query };
  const headers = { Accept: 'application/json', Host: 'api.example.com', ...extraHeaders };
  return {
    resource: '/accounts',
    path: '/accounts',
    httpMethod: 'GET',
    headers,
    multiValueHeaders: listsOf(headers),
    queryStringParameters: parameters,
    multiValueQueryStringParameters: listsOf(parameters),
    pathParameters: null,
    requestContext: {
      requestId: '0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9',
      resourcePath: '/accounts',
      stage: 'v1',
      authorizer: { principalId: 'basic', partner: 'basic', scopes: 'accounts/read' },
    },
  };
}

const listsOf = (values: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]]));

export type ApiHandler = (
  event: ApiEvent,
  context: object,
) => Promise<{
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}>;

/** What Lambda passes beside the event, as far as the functions read it. */
export const CONTEXT = { awsRequestId: 'bench', getRemainingTimeInMillis: () => 20_000 };
