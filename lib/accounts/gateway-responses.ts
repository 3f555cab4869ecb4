import { ResponseType, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import { FAULTS, type FaultName } from '../../lambda/faults.ts';

/** The fault of each kind of answer that API Gateway makes by itself. */
const GATEWAY_FAULTS: ReadonlyMap<ResponseType, FaultName> = new Map([
  [ResponseType.UNAUTHORIZED, 'unauthorized'],
  [ResponseType.EXPIRED_TOKEN, 'unauthorized'],
  [ResponseType.INVALID_SIGNATURE, 'unauthorized'],
  [ResponseType.ACCESS_DENIED, 'clientNotAllowed'],
  [ResponseType.INVALID_API_KEY, 'clientNotAllowed'],
  [ResponseType.WAF_FILTERED, 'blockedByFirewall'],
  // API Gateway's name for an unknown route or method, which it would answer with 403.
  [ResponseType.MISSING_AUTHENTICATION_TOKEN, 'noSuchRoute'],
  [ResponseType.RESOURCE_NOT_FOUND, 'noSuchRoute'],
  [ResponseType.REQUEST_TOO_LARGE, 'tooLarge'],
  [ResponseType.UNSUPPORTED_MEDIA_TYPE, 'unsupportedMediaType'],
  [ResponseType.THROTTLED, 'throttled'],
  [ResponseType.QUOTA_EXCEEDED, 'quotaExceeded'],
  [ResponseType.BAD_REQUEST_PARAMETERS, 'invalidRequest'],
  [ResponseType.BAD_REQUEST_BODY, 'invalidRequest'],
  [ResponseType.DEFAULT_4XX, 'invalidRequest'],
  [ResponseType.INTEGRATION_TIMEOUT, 'timedOut'],
  [ResponseType.INTEGRATION_FAILURE, 'internalError'],
  [ResponseType.AUTHORIZER_FAILURE, 'internalError'],
  [ResponseType.AUTHORIZER_CONFIGURATION_ERROR, 'internalError'],
  [ResponseType.API_CONFIGURATION_ERROR, 'internalError'],
  [ResponseType.DEFAULT_5XX, 'internalError'],
] as const);

/** The headers of a fault beside those that every error has; values are quoted. */
const EXTRA_HEADERS: Readonly<Partial<Record<FaultName, Readonly<Record<string, string>>>>> = {
  unauthorized: { 'WWW-Authenticate': `'Bearer realm="accounts"'` },
  throttled: { 'Retry-After': "'1'" },
  quotaExceeded: { 'Retry-After': "'3600'" },
};

/** The catalogue's message speaks of an answer that is too large; the gateway means the request. */
const REQUEST_TOO_LARGE = 'The request is larger than the platform allows. Shorten the query.';

/**
 * Gives every error that API Gateway makes by itself the envelope. Its templates can only substitute
 * variables, so there is no `userMessage`.
 *
 * A gateway response can't choose its headers by the request either. So it names the first origin of
 * the stage config: in a page of another one, a browser shows these few errors as network failures.
 * The alternative would be to let any origin in.
 *
 * @param corsOrigins the origins that the stage config names
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
 */
export function addGatewayResponses(api: RestApi, corsOrigins: readonly string[]): void {
  const [origin] = corsOrigins;
  for (const [type, fault] of GATEWAY_FAULTS) {
    const { code, status } = FAULTS[fault];
    const developerMessage =
      type === ResponseType.REQUEST_TOO_LARGE ? REQUEST_TOO_LARGE : FAULTS[fault].developerMessage;
    api.addGatewayResponse(`${type.responseType}Response`, {
      type,
      statusCode: String(status),
      responseHeaders: {
        'Content-Type': "'application/json'",
        'Cache-Control': "'no-store'",
        'X-Correlation-Id': 'context.requestId',
        ...EXTRA_HEADERS[fault],
        ...(origin === undefined ? {} : corsHeaders(origin)),
      },
      templates: { 'application/json': JSON.stringify({ code, developerMessage }) },
    });
  }
}

function corsHeaders(origin: string): Record<string, string> {
  return {
    'Access-Control-Allow-Origin': `'${origin}'`,
    'Access-Control-Expose-Headers': "'X-Correlation-Id,Retry-After,WWW-Authenticate'",
    Vary: "'Origin'",
  };
}
