import { ResponseType, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import { FAULTS, type FaultCode } from '../../lambda/faults.ts';

/** Which fault each kind of answer is that API Gateway makes by itself. */
export const GATEWAY_FAULTS: ReadonlyMap<ResponseType, FaultCode> = new Map([
  [ResponseType.UNAUTHORIZED, '401-901'],
  [ResponseType.EXPIRED_TOKEN, '401-901'],
  [ResponseType.INVALID_SIGNATURE, '401-901'],
  [ResponseType.ACCESS_DENIED, '403-901'],
  [ResponseType.INVALID_API_KEY, '403-901'],
  [ResponseType.WAF_FILTERED, '403-903'],
  // API Gateway's name for a route or method that isn't there, which it would answer with 403.
  [ResponseType.MISSING_AUTHENTICATION_TOKEN, '404-901'],
  [ResponseType.RESOURCE_NOT_FOUND, '404-901'],
  [ResponseType.REQUEST_TOO_LARGE, '413-901'],
  [ResponseType.UNSUPPORTED_MEDIA_TYPE, '415-901'],
  [ResponseType.THROTTLED, '429-901'],
  [ResponseType.QUOTA_EXCEEDED, '429-902'],
  [ResponseType.BAD_REQUEST_PARAMETERS, '400-901'],
  [ResponseType.BAD_REQUEST_BODY, '400-901'],
  [ResponseType.DEFAULT_4XX, '400-901'],
  [ResponseType.INTEGRATION_TIMEOUT, '504-901'],
  [ResponseType.INTEGRATION_FAILURE, '500-901'],
  [ResponseType.AUTHORIZER_FAILURE, '500-901'],
  [ResponseType.AUTHORIZER_CONFIGURATION_ERROR, '500-901'],
  [ResponseType.API_CONFIGURATION_ERROR, '500-901'],
  [ResponseType.DEFAULT_5XX, '500-901'],
] as const);

/**
 * Gives every error that API Gateway makes by itself the envelope. Its templates know nothing but
 * plain substitution, so there is no `userMessage`.
 *
 * A gateway response can't choose its headers by the request. So where one origin may call, it is
 * named here; where several may, a browser shows these few errors as network failures, rather
 * than any origin at all being let in.
 *
 * @param corsOrigins the origins that the stage config names
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
 */
export function addGatewayResponses(api: RestApi, corsOrigins: readonly string[]): void {
  const [origin, ...others] = corsOrigins;
  const single = others.length === 0 ? origin : undefined;
  for (const [type, code] of GATEWAY_FAULTS) {
    const { status, developerMessage } = FAULTS[code];
    api.addGatewayResponse(`${type.responseType}Response`, {
      type,
      statusCode: String(status),
      responseHeaders: {
        'Content-Type': "'application/json'",
        'Cache-Control': "'no-store'",
        'X-Correlation-Id': 'context.requestId',
        ...(status === 401 ? { 'WWW-Authenticate': "'Bearer'" } : {}),
        ...(single === undefined ? {} : corsHeaders(single)),
      },
      templates: { 'application/json': JSON.stringify({ code, developerMessage }) },
    });
  }
}

function corsHeaders(origin: string): Record<string, string> {
  return {
    'Access-Control-Allow-Origin': `'${origin}'`,
    'Access-Control-Expose-Headers': "'X-Correlation-Id'",
    Vary: "'Origin'",
  };
}
