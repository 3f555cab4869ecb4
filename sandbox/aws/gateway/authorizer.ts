import type { LambdaFunction } from '../lambda-runtime.ts';
import type { GatewayErrorType } from './answer.ts';
import type { Route } from './api-template.ts';

type Authorization =
  | { readonly context: Readonly<Record<string, string>>; readonly apiKey: string | undefined }
  | { readonly refused: GatewayErrorType };

/** Decides about the call that `methodArn` names, by the value of its `Authorization` header. */
type Authorize = (
  route: Route,
  token: string | undefined,
  methodArn: string,
) => Promise<Authorization>;

interface Statement {
  readonly Effect?: unknown;
  readonly Action?: unknown;
  readonly Resource?: unknown;
}

/** An authorizer's answer, as it is cached. */
interface Verdict {
  readonly statements: readonly Statement[];
  readonly context: Readonly<Record<string, string>>;
  readonly apiKey: string | undefined;
  readonly expires: number;
}

const CACHE_LIMIT = 1000;
const PLAIN_TYPES = new Set(['string', 'number', 'boolean']);

/**
 * Asks Lambda authorizers and caches their answers by token, for the whole API, as API Gateway does:
 * a policy that was made for one route decides about the next one too.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
 */
export function createAuthorize(functionOf: (arn: string) => LambdaFunction): Authorize {
  const cache = new Map<string, Verdict>();
  return async ({ authorizer }, token, methodArn) => {
    if (authorizer === undefined) return { context: {}, apiKey: undefined };
    if (token === undefined || !authorizer.validation.test(token)) {
      return { refused: 'UNAUTHORIZED' };
    }
    let verdict = cache.get(token);
    if (verdict === undefined || verdict.expires <= Date.now()) {
      const event = { type: 'TOKEN', methodArn, authorizationToken: token };
      const result = await functionOf(authorizer.functionArn).invoke(event);
      if (!result.ok) {
        const unauthorized = result.error.errorMessage === 'Unauthorized';
        return { refused: unauthorized ? 'UNAUTHORIZED' : 'AUTHORIZER_FAILURE' };
      }
      verdict = verdictOf(result.payload, Date.now() + authorizer.ttlSeconds * 1000);
      if (verdict === undefined) return { refused: 'AUTHORIZER_CONFIGURATION_ERROR' };
      if (cache.size >= CACHE_LIMIT) cache.clear();
      cache.set(token, verdict);
    }
    return allows(verdict, methodArn) ? verdict : { refused: 'ACCESS_DENIED' };
  };
}

/** `undefined` for an answer that API Gateway refuses; a context may hold plain values only. */
function verdictOf(payload: unknown, expires: number): Verdict | undefined {
  const answer = payload as {
    readonly principalId?: unknown;
    readonly policyDocument?: { readonly Statement?: Statement | readonly Statement[] };
    readonly context?: Readonly<Record<string, unknown>> | null;
    readonly usageIdentifierKey?: string;
  } | null;
  const statements = answer?.policyDocument?.Statement;
  if (typeof answer?.principalId !== 'string' || statements === undefined) return undefined;
  const context = Object.entries(answer.context ?? {});
  if (!context.every(([, value]) => PLAIN_TYPES.has(typeof value))) return undefined;
  const texts = context.map(([name, value]) => [name, String(value)] as const);
  return {
    statements: [statements].flat(),
    context: { principalId: answer.principalId, ...Object.fromEntries(texts) },
    apiKey: answer.usageIdentifierKey,
    expires,
  };
}

/** A policy allows what one statement allows and none denies. */
function allows({ statements }: Verdict, methodArn: string): boolean {
  const matching = statements.filter(
    ({ Action, Resource }) => matches(Action, 'execute-api:Invoke') && matches(Resource, methodArn),
  );
  return (
    matching.some(({ Effect }) => Effect === 'Allow') &&
    !matching.some(({ Effect }) => Effect === 'Deny')
  );
}

/** Whether one of a statement's patterns, `*` and `?` in them, matches the whole text. */
function matches(patterns: unknown, text: string): boolean {
  return [patterns].flat().some((pattern) => {
    const source = RegExp.escape(String(pattern)).replaceAll('\\*', '.*').replaceAll('\\?', '.');
    return new RegExp(`^${source}$`, 's').test(text);
  });
}
