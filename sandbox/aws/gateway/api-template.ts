import type { ResolvedTemplate, Resource } from '../template.ts';

/** A method of the REST API. */
export interface Route {
  readonly method: string;
  /** `/accounts/{id}` */
  readonly path: string;
  /** The path as a regular expression, with a named group for each parameter. */
  readonly pattern: string;
  readonly functionArn: string;
  readonly timeoutMs: number;
  readonly apiKeyRequired: boolean;
  readonly authorizer?: AuthorizerSpec | undefined;
  /** The stage's throttle, or the method's own. */
  readonly throttle?: Throttle | undefined;
}

/** A Lambda authorizer of type TOKEN, which reads the `Authorization` header. */
interface AuthorizerSpec {
  readonly functionArn: string;
  /** What the whole header must match. */
  readonly validation: RegExp;
  readonly ttlSeconds: number;
}

/** The properties of an `AWS::ApiGateway::GatewayResponse`. */
export interface GatewayResponse {
  readonly ResponseType: string;
  readonly StatusCode?: string;
  readonly ResponseTemplates?: Readonly<Record<string, string>>;
  /** Values such as `'static'` or `context.requestId`. */
  readonly ResponseParameters?: Readonly<Record<string, string>>;
}

export interface Throttle {
  /** Requests a second. */
  readonly RateLimit: number;
  readonly BurstLimit: number;
}

/** The properties of an `AWS::ApiGateway::UsagePlan`. */
export interface UsagePlan {
  readonly Throttle?: Throttle;
  readonly Quota?: { readonly Limit: number; readonly Period: 'DAY' | 'WEEK' | 'MONTH' };
}

export interface Api {
  readonly id: string;
  readonly stage: string;
  readonly routes: readonly Route[];
  /** By `ResponseType`. */
  readonly gatewayResponses: ReadonlyMap<string, GatewayResponse>;
  /** By the value of the API key that leads to the plan. */
  readonly usagePlans: ReadonlyMap<string, UsagePlan>;
  /** The line of the access log, with `$context` variables. */
  readonly accessLogFormat?: string | undefined;
  /** Compresses answers from this many bytes on; undefined never does. */
  readonly minimumCompressionSize?: number | undefined;
}

interface StageProperties {
  readonly StageName: string;
  readonly AccessLogSetting?: { readonly Format: string };
  readonly MethodSettings?: readonly {
    readonly ResourcePath?: string;
    readonly ThrottlingRateLimit?: number;
    readonly ThrottlingBurstLimit?: number;
  }[];
}

interface MethodProperties {
  readonly HttpMethod: string;
  readonly ResourceId: string;
  readonly AuthorizerId?: string;
  readonly ApiKeyRequired?: boolean;
  readonly Integration: {
    readonly Type: string;
    readonly Uri?: string;
    readonly TimeoutInMillis?: number;
  };
}

/**
 * Reads the REST API of the template.
 *
 * @throws Error when there is not exactly one API, or its authorizer is not of type TOKEN
 */
export function readApi(template: ResolvedTemplate): Api {
  const propertiesOf = <T>(type: string) =>
    template.ofType(`AWS::ApiGateway::${type}`).map(({ properties }) => properties as T);
  const api = template.only('AWS::ApiGateway::RestApi');
  const stage = template.only('AWS::ApiGateway::Stage').properties as unknown as StageProperties;
  const methods = propertiesOf<MethodProperties>('Method')
    // The sandbox's own pages have the API's origin, so nothing asks its MOCK preflights.
    .filter(({ Integration }) => Integration.Type === 'AWS_PROXY');
  const keys = propertiesOf<{ readonly KeyId: string; readonly UsagePlanId: string }>(
    'UsagePlanKey',
  );
  return {
    id: api.ref,
    stage: stage.StageName,
    routes: methods.map((method) => readRoute(template, method, stage)),
    gatewayResponses: new Map(
      propertiesOf<GatewayResponse>('GatewayResponse').map((one) => [one.ResponseType, one]),
    ),
    usagePlans: new Map(
      keys.map(({ KeyId, UsagePlanId }) => [
        String(template.find(KeyId)?.properties['Value']),
        template.find(UsagePlanId)?.properties as UsagePlan,
      ]),
    ),
    accessLogFormat: stage.AccessLogSetting?.Format,
    minimumCompressionSize: api.properties['MinimumCompressionSize'] as number | undefined,
  };
}

function readRoute(
  template: ResolvedTemplate,
  method: MethodProperties,
  stage: StageProperties,
): Route {
  const { Uri, TimeoutInMillis = 29_000 } = method.Integration;
  const path = pathOf(template, method.ResourceId);
  const authorizer = template.find(method.AuthorizerId ?? '');
  return {
    method: method.HttpMethod,
    path,
    pattern: path.replaceAll('.', '\\.').replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)'),
    functionArn: functionArnIn(Uri),
    timeoutMs: TimeoutInMillis,
    apiKeyRequired: method.ApiKeyRequired === true,
    authorizer: authorizer && readAuthorizer(authorizer),
    // A setting names its path with `~1` for each slash after the first.
    throttle: throttleOf(stage, `/${path.replaceAll('/', '~1')}`) ?? throttleOf(stage, '/*'),
  };
}

function throttleOf({ MethodSettings = [] }: StageProperties, path: string): Throttle | undefined {
  const setting = MethodSettings.find(({ ResourcePath }) => ResourcePath === path);
  if (setting?.ThrottlingRateLimit === undefined) return undefined;
  const { ThrottlingRateLimit: RateLimit, ThrottlingBurstLimit: BurstLimit = RateLimit } = setting;
  return { RateLimit, BurstLimit };
}

function pathOf(template: ResolvedTemplate, resourceId: string): string {
  const resource = template.find(resourceId);
  if (resource?.type !== 'AWS::ApiGateway::Resource') return '';
  const { ParentId, PathPart } = resource.properties;
  return `${pathOf(template, String(ParentId))}/${String(PathPart)}`;
}

function readAuthorizer({ logicalId, properties }: Resource): AuthorizerSpec {
  const { Type, IdentityValidationExpression = '.*' } = properties;
  if (Type !== 'TOKEN') throw new Error(`${logicalId} is not a TOKEN authorizer`);
  return {
    functionArn: functionArnIn(properties['AuthorizerUri']),
    validation: new RegExp(`^(?:${String(IdentityValidationExpression)})$`),
    ttlSeconds: Number(properties['AuthorizerResultTtlInSeconds'] ?? 300),
  };
}

/** The function in an integration's URI, without its version or alias. */
function functionArnIn(uri: unknown): string {
  const arn = /\/functions\/(arn:[^/]+)\/invocations$/.exec(String(uri))?.[1] ?? '';
  return arn.split(':').slice(0, 7).join(':');
}
