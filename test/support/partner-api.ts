import type { APIGatewayProxyResult } from 'aws-lambda';
import { createApiHandler } from '../../lambda/api.ts';
import type { Account } from '../../lambda/egain/account.ts';
import { openApiDocument } from '../../lambda/http/openapi.ts';
import type { RouteOptions } from '../../lambda/http/routes.ts';
import type { SnapshotAnswer } from '../../lambda/snapshot/snapshots.ts';
import { snapshotOf } from './accounts.ts';
import { apiEvent, lambdaContext, type RequestOptions } from './api-events.ts';
import { captureOutput } from './output.ts';

export interface PartnerApiOptions {
  readonly accounts?: readonly Account[];
  readonly freshness?: Partial<Omit<SnapshotAnswer, 'snapshot'>>;
  readonly service?: RouteOptions['service'];
  readonly corsOrigins?: readonly string[];
}

/** The API's handler over accounts that are there already, and what it writes to standard output. */
export function createPartnerApi(options: PartnerApiOptions = {}) {
  const { accounts = [], freshness, corsOrigins = [] } = options;
  const openApi = openApiDocument(() => '{"openapi":"3.0.3"}', {});
  const answer: SnapshotAnswer = {
    snapshot: snapshotOf(...accounts),
    state: 'hit',
    ageSeconds: 12,
    freshSeconds: 30,
    leftAlone: false,
    ...freshness,
  };
  const service =
    options.service ?? (() => ({ snapshots: { get: () => Promise.resolve(answer) } }));
  const handler = createApiHandler({ service, openApi, corsOrigins });
  const output = captureOutput();
  const request = async (what?: RequestOptions): Promise<APIGatewayProxyResult> =>
    await handler(apiEvent(what), lambdaContext);
  return { handler, request, output };
}

/** A service that has no accounts, but throws this. */
export function failingService(error: unknown): RouteOptions['service'] {
  const get = async (): Promise<never> => {
    throw error;
  };
  return () => ({ snapshots: { get } });
}

/** An answer's body, parsed. */
export function bodyOf(result: APIGatewayProxyResult): unknown {
  return JSON.parse(result.body) as unknown;
}

/** The rows of an error's `details`. */
export function detailsOf(result: APIGatewayProxyResult): { key: string; value: string }[] {
  return (bodyOf(result) as { details: { key: string; value: string }[] }).details;
}
