import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../../lambda/platform/deadline.ts';
import type { LambdaFunction } from '../lambda-runtime.ts';
import type { AuthorizerSpec } from './api-template.ts';
import type { GatewayErrorType } from './gateway-responses.ts';

/** What an authorizer's answer is kept as. */
interface Verdict {
  readonly allows: (methodArn: string) => boolean;
  readonly context: Readonly<Record<string, unknown>>;
  readonly apiKey: string | undefined;
  readonly expires: number;
}

export type Authorization =
  | {
      readonly context: Readonly<Record<string, unknown>>;
      readonly apiKey: string | undefined;
    }
  | { readonly refused: GatewayErrorType };

export type Authorize = (
  authorizer: AuthorizerSpec,
  authorizerFunction: LambdaFunction,
  request: IncomingMessage,
  methodArn: string,
) => Promise<Authorization>;

const CACHE_LIMIT = 1000;

/**
 * Asks Lambda authorizers and keeps their answers by token, for the whole API, as API Gateway does:
 * a policy that was made for one route decides about the next one too.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
 */
export function createAuthorize(clock: Clock): Authorize {
  const kept = new Map<string, Verdict>();
  return async (authorizer, authorizerFunction, request, methodArn) => {
    const token = request.headers[authorizer.headerName];
    if (typeof token !== 'string' || token === '') return { refused: 'UNAUTHORIZED' };
    if (authorizer.validation?.test(token) === false) return { refused: 'UNAUTHORIZED' };

    let verdict = kept.get(token);
    if (verdict === undefined || verdict.expires <= clock.now()) {
      const result = await authorizerFunction.invoke({
        type: 'TOKEN',
        methodArn,
        authorizationToken: token,
      });
      if (!result.ok) {
        const unauthorized = result.error.errorMessage === 'Unauthorized';
        return { refused: unauthorized ? 'UNAUTHORIZED' : 'AUTHORIZER_FAILURE' };
      }
      verdict = verdictOf(result.payload, clock.now() + authorizer.ttlSeconds * 1000);
      if (verdict === undefined) return { refused: 'AUTHORIZER_CONFIGURATION_ERROR' };
      if (kept.size >= CACHE_LIMIT) kept.clear();
      if (authorizer.ttlSeconds > 0) kept.set(token, verdict);
    }
    if (!verdict.allows(methodArn)) return { refused: 'ACCESS_DENIED' };
    return { context: verdict.context, apiKey: verdict.apiKey };
  };
}

const PLAIN_TYPES = new Set(['string', 'number', 'boolean']);

interface Statement {
  readonly Effect?: unknown;
  readonly Action?: unknown;
  readonly Resource?: unknown;
}

function verdictOf(payload: unknown, expires: number): Verdict | undefined {
  const answer = payload as {
    readonly principalId?: unknown;
    readonly policyDocument?: { readonly Statement?: unknown };
    readonly context?: Readonly<Record<string, unknown>> | null;
    readonly usageIdentifierKey?: unknown;
  } | null;
  const statements = answer?.policyDocument?.Statement;
  if (typeof answer?.principalId !== 'string' || statements === undefined) return undefined;
  const context = answer.context ?? {};
  // API Gateway refuses an answer whose context holds anything but plain values.
  const plain = Object.values(context).every((value) => PLAIN_TYPES.has(typeof value));
  if (!plain) return undefined;
  const strings = Object.entries(context).map(([name, value]) => [name, String(value)]);
  const key = answer.usageIdentifierKey;
  return {
    allows: evaluator([statements].flat() as Statement[]),
    context: { principalId: answer.principalId, ...Object.fromEntries(strings) },
    apiKey: typeof key === 'string' ? key : undefined,
    expires,
  };
}

/** A policy allows what one statement allows and none denies. */
function evaluator(statements: readonly Statement[]): (methodArn: string) => boolean {
  const compiled = statements.map(({ Effect, Action, Resource }) => ({
    effect: Effect,
    matches: [Action].flat().some((action) => wildcard(action).test('execute-api:Invoke')),
    resources: [Resource].flat().map(wildcard),
  }));
  return (arn) => {
    const matching = compiled.filter(
      ({ matches, resources }) => matches && resources.some((one) => one.test(arn)),
    );
    return (
      matching.some(({ effect }) => effect === 'Allow') &&
      !matching.some(({ effect }) => effect === 'Deny')
    );
  };
}

function wildcard(pattern: unknown): RegExp {
  const escaped = String(pattern).replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
}
