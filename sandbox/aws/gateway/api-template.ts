import type { ResolvedTemplate, Resource } from '../template.ts';

/** A method of the REST API. */
export interface Route {
  readonly method: string;
  /** `/accounts/{id}` */
  readonly path: string;
  readonly segments: readonly string[];
  readonly functionArn: string;
  readonly timeoutMs: number;
  readonly apiKeyRequired: boolean;
  readonly authorizer?: AuthorizerSpec;
  /** The stage's, or the method's own. */
  readonly throttle?: Throttle;
}

/** A Lambda authorizer of type TOKEN. */
export interface AuthorizerSpec {
  readonly functionArn: string;
  /** The header that a TOKEN authorizer takes its token from. */
  readonly headerName: string;
  readonly validation?: RegExp;
  readonly ttlSeconds: number;
}

/** What the API answers in place of one of API Gateway's own errors. */
export interface GatewayResponse {
  readonly status?: number;
  readonly template?: string;
  /** Header names with values such as `'static'` or `context.requestId`. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface Throttle {
  /** Requests a second. */
  readonly rate: number;
  readonly burst: number;
}

/** The usage plan that an API key's value leads to. */
export interface UsagePlan {
  readonly throttle?: Throttle;
  readonly quota?: { readonly limit: number; readonly period: 'DAY' | 'WEEK' | 'MONTH' };
}

export interface Api {
  readonly id: string;
  readonly stage: string;
  readonly routes: readonly Route[];
  readonly gatewayResponses: ReadonlyMap<string, GatewayResponse>;
  /** By the API key's value. */
  readonly usagePlans: ReadonlyMap<string, UsagePlan>;
  /** The access log's line, with `$context` variables, where the stage has one. */
  readonly accessLogFormat?: string;
  /** Bytes from which on an answer is compressed for who accepts it; never without. */
  readonly minimumCompressionSize?: number;
}

type Properties = Readonly<Record<string, unknown>>;

/**
 * Reads the one REST API of the templates.
 *
 * @throws Error when there is not exactly one, or its authorizer is not of type TOKEN.
 */
export function readApi(template: ResolvedTemplate): Api {
  const [api, ...others] = template.ofType('AWS::ApiGateway::RestApi');
  const [stage] = template.ofType('AWS::ApiGateway::Stage');
  if (api === undefined || stage === undefined || others.length > 0) {
    throw new Error('the sandbox serves exactly one REST API with one stage');
  }
  const methods = template.ofType('AWS::ApiGateway::Method').filter(isProxy);
  const settings = (stage.properties['MethodSettings'] ?? []) as Properties[];
  const compression = api.properties['MinimumCompressionSize'];
  const accessLog = stage.properties['AccessLogSetting'] as Properties | undefined;
  return {
    id: api.ref,
    stage: String(stage.properties['StageName']),
    routes: methods.map((method) => readRoute(template, method, settings)),
    gatewayResponses: readGatewayResponses(template),
    usagePlans: readUsagePlans(template),
    ...(accessLog === undefined ? {} : { accessLogFormat: String(accessLog['Format']) }),
    ...(compression === undefined ? {} : { minimumCompressionSize: Number(compression) }),
  };
}

/** A preflight's MOCK integration is left out: the sandbox's own pages are of the same origin. */
function isProxy({ properties }: Resource): boolean {
  return (properties['Integration'] as Properties)['Type'] === 'AWS_PROXY';
}

function readRoute(
  template: ResolvedTemplate,
  { properties }: Resource,
  settings: readonly Properties[],
): Route {
  const integration = properties['Integration'] as Properties;
  const path = pathOf(template, String(properties['ResourceId']));
  const authorizer = template.find(String(properties['AuthorizerId']));
  const throttle = throttleOf(settings, path) ?? throttleOf(settings, '/*');
  return {
    method: String(properties['HttpMethod']),
    path,
    segments: path.split('/').slice(1).filter(Boolean),
    functionArn: functionArnIn(integration['Uri']),
    timeoutMs: Number(integration['TimeoutInMillis'] ?? 29_000),
    apiKeyRequired: properties['ApiKeyRequired'] === true,
    ...(properties['AuthorizationType'] === 'CUSTOM' && authorizer !== undefined
      ? { authorizer: readAuthorizer(authorizer) }
      : {}),
    ...(throttle === undefined ? {} : { throttle }),
  };
}

/** A setting names its path with `~1` for each slash after the first. */
function throttleOf(settings: readonly Properties[], path: string): Throttle | undefined {
  const encoded = path === '/*' ? path : `/${path.replaceAll('/', '~1')}`;
  const setting = settings.find(({ ResourcePath }) => ResourcePath === encoded);
  const rate = setting?.['ThrottlingRateLimit'];
  if (rate === undefined) return undefined;
  return { rate: Number(rate), burst: Number(setting?.['ThrottlingBurstLimit'] ?? rate) };
}

function pathOf(template: ResolvedTemplate, resourceId: string): string {
  const resource = template.find(resourceId);
  if (resource?.type !== 'AWS::ApiGateway::Resource') return '';
  const parent = pathOf(template, String(resource.properties['ParentId']));
  return `${parent}/${String(resource.properties['PathPart'])}`;
}

function readAuthorizer({ logicalId, properties }: Resource): AuthorizerSpec {
  if (properties['Type'] !== 'TOKEN') throw new Error(`${logicalId} is no TOKEN authorizer`);
  const {
    IdentitySource: source = 'method.request.header.Authorization',
    IdentityValidationExpression: validation,
  } = properties as { readonly IdentitySource?: string; IdentityValidationExpression?: string };
  return {
    functionArn: functionArnIn(properties['AuthorizerUri']),
    headerName: source.replace(/^method\.request\.header\./, '').toLowerCase(),
    ttlSeconds: Number(properties['AuthorizerResultTtlInSeconds'] ?? 300),
    ...(validation === undefined ? {} : { validation: new RegExp(`^(?:${validation})$`) }),
  };
}

/** An integration names its function inside a longer ARN, perhaps with a version or an alias. */
function functionArnIn(uri: unknown): string {
  const arn = /\/functions\/(arn:[^/]+)\/invocations$/.exec(String(uri))?.[1] ?? '';
  return arn.split(':').slice(0, 7).join(':');
}

function readGatewayResponses(template: ResolvedTemplate): Map<string, GatewayResponse> {
  const found = new Map<string, GatewayResponse>();
  for (const { properties } of template.ofType('AWS::ApiGateway::GatewayResponse')) {
    const templates = properties['ResponseTemplates'] as Record<string, string> | undefined;
    const parameters = properties['ResponseParameters'] as Record<string, string> | undefined;
    const status = properties['StatusCode'];
    const body = templates?.['application/json'];
    const headers = Object.entries(parameters ?? {}).map(
      ([name, value]) => [name.replace(/^gatewayresponse\.header\./, ''), value] as const,
    );
    found.set(String(properties['ResponseType']), {
      headers: Object.fromEntries(headers),
      ...(status === undefined ? {} : { status: Number(status) }),
      ...(body === undefined ? {} : { template: body }),
    });
  }
  return found;
}

function readUsagePlans(template: ResolvedTemplate): Map<string, UsagePlan> {
  const found = new Map<string, UsagePlan>();
  for (const { properties } of template.ofType('AWS::ApiGateway::UsagePlanKey')) {
    const key = template.find(String(properties['KeyId']));
    const plan = template.find(String(properties['UsagePlanId']));
    if (key === undefined || plan === undefined) continue;
    const throttle = plan.properties['Throttle'] as Properties | undefined;
    const quota = plan.properties['Quota'] as Properties | undefined;
    found.set(String(key.properties['Value']), {
      ...(throttle === undefined
        ? {}
        : {
            throttle: {
              rate: Number(throttle['RateLimit']),
              burst: Number(throttle['BurstLimit']),
            },
          }),
      ...(quota === undefined
        ? {}
        : {
            quota: {
              limit: Number(quota['Limit']),
              period: quota['Period'] as 'DAY' | 'WEEK' | 'MONTH',
            },
          }),
    });
  }
  return found;
}
