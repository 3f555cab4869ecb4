import { SCOPES } from '../../lambda/accounts/fields.ts';
import { generationIn } from './generations.ts';
import type { Observation } from './invariants.ts';

/** A request for the whole list, by a partner from whom nothing is hidden. */
export const LIST_ALL = {
  resource: '/accounts',
  path: '/accounts',
  httpMethod: 'GET',
  headers: {},
  multiValueHeaders: {},
  queryStringParameters: { pagesize: '500' },
  multiValueQueryStringParameters: { pagesize: ['500'] },
  pathParameters: null,
  stageVariables: null,
  body: null,
  isBase64Encoded: false,
  requestContext: {
    requestId: 'chaos',
    authorizer: { partner: 'acme', scopes: SCOPES.join(' ') },
  },
};

/** What an answer to it shows. */
export function seen(answer: unknown): Omit<Observation, 'container' | 'askedAt' | 'answeredAt'> {
  const { statusCode, headers, body } = answer as {
    readonly statusCode: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  };
  const content = JSON.parse(body) as { readonly account?: []; readonly code?: string };
  if (content.account === undefined) {
    return { status: statusCode, ...(content.code === undefined ? {} : { code: content.code }) };
  }
  const generation = generationIn(content.account);
  const { Age: age, 'Accounts-Version': version } = headers;
  return {
    status: statusCode,
    ...(generation === undefined ? {} : { generation }),
    ...(age === undefined ? {} : { age: Number(age) }),
    ...(version === undefined ? {} : { version }),
  };
}
