import { readFileSync } from 'node:fs';
import { createProjection, type Scope } from '../../lambda/accounts/fields.ts';
import { MAX_PAGENUM, MAX_PAGESIZE, PARAMETER_NAMES } from '../../lambda/accounts/parameters.ts';
import type { Account } from '../../lambda/egain/account.ts';
import { FAULT_NAMES, type FaultName } from '../../lambda/faults.ts';
import { ONE_ACCOUNT_PARAMETERS } from '../../lambda/http/request.ts';
import { accountSchemas } from './account-schema.ts';
import { EXAMPLE_ACCOUNTS } from './examples.ts';
import { parameterComponents, parameters } from './parameters.ts';
import * as responses from './responses.ts';

/** The headers of every answer from the snapshot, 304 included. */
const SNAPSHOT_HEADERS = [
  'ETag',
  'CacheControl',
  'Age',
  'CacheStatus',
  'Vary',
  'XCorrelationId',
] as const;

const SCOPE_DESCRIPTIONS: Record<Scope, string> = {
  'accounts/read': 'The routes, and the fields that name and date an account.',
  'accounts/read.address': 'Adds `address`; it may hold a phone number or an e-mail address.',
  'accounts/read.configuration':
    'Adds all of `chatConfigurations`, `caseManagement`, `attributes`.',
};

const COUNT = { type: 'integer', format: 'int32' };

const LIST_SCHEMAS = {
  AccountList: {
    type: 'object',
    description: 'One page of the accounts that match.',
    properties: {
      paginationInfo: { $ref: '#/components/schemas/PaginationInfo' },
      account: {
        type: 'array',
        description: 'The accounts of this page, in the order asked for.',
        maxItems: MAX_PAGESIZE,
        items: { $ref: '#/components/schemas/Account' },
      },
    },
    required: ['paginationInfo', 'account'],
    additionalProperties: true,
  },
  PaginationInfo: {
    type: 'object',
    description: 'Which page it is, and of how many accounts.',
    properties: {
      count: {
        ...COUNT,
        minimum: 0,
        description: 'How many accounts match, on all pages together.',
      },
      pagenum: {
        ...COUNT,
        minimum: 1,
        maximum: MAX_PAGENUM,
        description: 'The page, from 1.',
      },
      pagesize: {
        ...COUNT,
        minimum: 1,
        maximum: MAX_PAGESIZE,
        description: 'How many a page holds.',
      },
    },
    required: ['count', 'pagenum', 'pagesize'],
    additionalProperties: true,
  },
};

/** Faults that one of the routes does not answer with. */
const NOT_IN_LIST: readonly FaultName[] = ['noSuchRoute', 'noSuchAccount'];
const NOT_FOR_ONE: readonly FaultName[] = ['snapshotExpired'];
const DOCUMENT_FAULTS: readonly FaultName[] = [
  'blockedByFirewall',
  'tooLarge',
  'unsupportedMediaType',
  'throttled',
];

const NOT_MODIFIED = 'What you have still holds. There is no body.';

const without = (faults: readonly FaultName[]) =>
  FAULT_NAMES.filter((fault) => !faults.includes(fault));

/**
 * The partners' contract as an OpenAPI 3.0.3 document, which every client generator reads. It is made
 * from the schemas that validate at run time and from the fault catalogue. Every route also answers
 * HEAD, which is left out: generators would make a second method of each.
 */
export function createOpenApi(): object {
  return {
    openapi: '3.0.3',
    info: {
      title: 'eGain accounts',
      version: packageVersion(),
      description:
        "Filtered summaries of eGain's conversation accounts. " +
        'Lists that add up, from one snapshot of all accounts; errors that say what to do. ' +
        'Which accounts exist for you, and which of their fields are open, is agreed with the ' +
        'operator.',
      contact: { name: 'The operator who gave you your client id' },
      license: {
        name: 'All rights reserved',
        url: 'https://choosealicense.com/no-permission/',
      },
    },
    // ApiFunction puts the deployment's own URL in its place: `lambda/http/openapi.ts`.
    servers: [{ url: 'https://accounts.invalid/v1', description: 'The API' }],
    tags: [
      { name: 'accounts', description: "eGain's conversation accounts, as far as they are yours." },
      { name: 'contract', description: 'What can be relied on.' },
    ],
    paths: {
      '/accounts': { get: listOperation() },
      '/accounts/{id}': { get: oneOperation() },
      '/openapi.json': { get: documentOperation() },
    },
    components: {
      securitySchemes: {
        partner: {
          type: 'oauth2',
          description:
            'The client-credentials grant, with the client id and secret that the operator gave you.',
          flows: {
            clientCredentials: {
              tokenUrl: 'https://issuer.invalid/oauth2/token',
              scopes: SCOPE_DESCRIPTIONS,
            },
          },
        },
      },
      schemas: {
        ...accountSchemas(),
        ...LIST_SCHEMAS,
        Error: responses.ERROR,
        ErrorDetail: responses.ERROR_DETAIL,
      },
      parameters: parameterComponents(),
      headers: responses.HEADERS,
      responses: {
        ...responses.failureComponents(FAULT_NAMES),
        UpstreamFailure: responses.UPSTREAM_FAILURE,
        NotModified: {
          description: NOT_MODIFIED,
          headers: responses.headers(...SNAPSHOT_HEADERS),
        },
      },
    },
  };
}

function listOperation(): object {
  const account = EXAMPLE_ACCOUNTS.map(summaryOf);
  const list = { paginationInfo: { count: 2, pagenum: 1, pagesize: 100 }, account };
  const ok = success('A page of accounts.', 'AccountList', list, ['AccountsVersion', 'Link']);
  return {
    operationId: 'listAccounts',
    summary: 'List accounts',
    description: 'The accounts that match every filter, a page at a time. `count` is of all pages.',
    parameters: parameters(PARAMETER_NAMES),
    ...operation(ok, without(NOT_IN_LIST)),
  };
}

function oneOperation(): object {
  const [account] = EXAMPLE_ACCOUNTS;
  const ok = success('The account.', 'Account', account && summaryOf(account));
  return {
    operationId: 'getAccount',
    summary: 'Get one account',
    description: 'The bare account. One that does not exist for you is `404-902`.',
    parameters: [
      {
        name: 'id',
        in: 'path',
        required: true,
        description: "The account's id, from a list.",
        schema: { type: 'string', minLength: 1 },
        example: account?.id,
      },
      ...parameters(ONE_ACCOUNT_PARAMETERS),
    ],
    ...operation(ok, without(NOT_FOR_ONE)),
  };
}

/** What the operations that ask for accounts have in common. */
function operation(ok: object, faults: readonly FaultName[]): object {
  return {
    tags: ['accounts'],
    security: [{ partner: ['accounts/read' satisfies Scope] }],
    responses: {
      200: ok,
      304: { $ref: '#/components/responses/NotModified' },
      ...responses.failures(faults),
      // `default` would stand for successes too.
      '5XX': { $ref: '#/components/responses/UpstreamFailure' },
    },
  };
}

function documentOperation(): object {
  const headers = responses.headers('ETag', 'PublicCacheControl', 'XCorrelationId');
  return {
    operationId: 'getOpenApiDocument',
    summary: 'Get this document',
    description:
      'The OpenAPI document of this API, with the URLs of the server and of the token endpoint. ' +
      'It is public.',
    tags: ['contract'],
    security: [],
    parameters: parameters([]),
    responses: {
      200: {
        description: 'This document.',
        headers,
        content: {
          'application/json': { schema: { type: 'object', additionalProperties: true } },
        },
      },
      304: { description: NOT_MODIFIED, headers },
      ...responses.failures([...DOCUMENT_FAULTS, 'internalError', 'timedOut']),
    },
  };
}

function success(
  description: string,
  schema: string,
  example: unknown,
  more: readonly responses.HeaderName[] = [],
): object {
  return {
    description,
    headers: responses.headers(...SNAPSHOT_HEADERS, ...more),
    content: {
      'application/json': { schema: { $ref: `#/components/schemas/${schema}` }, example },
    },
  };
}

/** The summary that `accounts/read` alone opens. */
const summaryOf = (account: Account): unknown =>
  JSON.parse(createProjection(new Set(['accounts/read']))(account));

function packageVersion(): string {
  const file = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(file) as { version: string }).version;
}
