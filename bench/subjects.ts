import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import type { FunctionSpec } from '../sandbox/aws/function-template.ts';
import type { World } from './world.ts';

/** A function that is measured, as it lies on the disk. */
export interface Subject {
  readonly name: string;
  /** Its module's path. */
  readonly module: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly event: unknown;
  /** Of the module, in bytes. */
  readonly size: number;
}

type SubjectName = 'empty' | 'api' | 'task' | 'authorizer' | 'common' | 'careful';

export interface Subjects extends Readonly<Record<SubjectName, Subject>> {
  readonly remove: () => void;
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The functions as synthesised, and the peers as CDK bundles them by default. */
export function prepareSubjects(world: World): Subjects {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const { ApiFunction, TaskFunction, AuthorizerFunction } = world.functions;
  const peer = (name: string, entry: string) => {
    bundleAsCdkDoes(join('bench', 'peers', `${entry}.ts`), join(folder, `${entry}.cjs`));
    const { environment } = ApiFunction;
    return subject(name, { codePath: folder, environment }, `${entry}.cjs`, apiEvent());
  };
  return {
    empty: peer('an empty handler', 'empty'),
    api: subject('ApiFunction', ApiFunction, 'index.mjs', apiEvent()),
    task: subject('TaskFunction', TaskFunction, 'index.mjs', { pagesize: 100 }),
    authorizer: subject('AuthorizerFunction', AuthorizerFunction, 'index.mjs', {
      type: 'TOKEN',
      methodArn: 'arn:aws:execute-api:eu-west-1:111122223333:api/v1/GET/accounts',
      authorizationToken: `Bearer ${world.partnerToken}`,
    }),
    common: peer('the common way', 'common'),
    careful: peer('the careful way', 'careful'),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

function subject(
  name: string,
  { codePath, environment }: Pick<FunctionSpec, 'codePath' | 'environment'>,
  file: string,
  event: unknown,
): Subject {
  const module = join(codePath, file);
  return { name, module, environment, event, size: statSync(module).size };
}

/** `NodejsFunction` without options, the SDK bundled: CommonJS, not minified. */
export function bundleAsCdkDoes(entry: string, outfile: string): void {
  buildSync({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    logLevel: 'silent',
    tsconfigRaw: {},
    // A module's own address, for which CommonJS has no name.
    banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
    define: { 'import.meta.url': 'moduleUrl' },
  });
}

/** `GET /accounts?pagesize=100` of a partner, as API Gateway's proxy integration sends it. */
function apiEvent(): unknown {
  const headers = { Accept: 'application/json', Host: 'api.example.com' };
  return {
    resource: '/accounts',
    path: '/accounts',
    httpMethod: 'GET',
    headers,
    multiValueHeaders: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, [value]]),
    ),
    queryStringParameters: { pagesize: '100' },
    multiValueQueryStringParameters: { pagesize: ['100'] },
    pathParameters: null,
    stageVariables: null,
    body: null,
    isBase64Encoded: false,
    requestContext: {
      requestId: '0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9',
      resourcePath: '/accounts',
      httpMethod: 'GET',
      stage: 'v1',
      authorizer: { principalId: 'basic', partner: 'basic', scopes: 'accounts/read' },
    },
  };
}
