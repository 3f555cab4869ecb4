import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';

/**
 * One line of the API's access log. It says who asked for what kind of thing and how it went; the
 * path's parameters, the query, the token and the caller's address stay out of it.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
 */
export const ACCESS_LOG_FORMAT = AccessLogFormat.custom(
  JSON.stringify({
    requestId: '$context.requestId',
    time: '$context.requestTimeEpoch',
    partner: '$context.authorizer.partner',
    method: '$context.httpMethod',
    route: '$context.resourcePath',
    status: '$context.status',
    gatewayError: '$context.error.responseType',
    authorizerStatus: '$context.authorizer.status',
    firewall: '$context.waf.status',
    functionStatus: '$context.integration.status',
    milliseconds: '$context.responseLatency',
    functionMilliseconds: '$context.integration.latency',
    authorizerMilliseconds: '$context.authorizer.latency',
    bytes: '$context.responseLength',
  }),
);
