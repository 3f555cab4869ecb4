import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeBundle } from '../../../lib/bundle/bundle.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

// What a cold start has to read. The size of the SDK's one client is most of the first two.
const LIMITS = { api: 290_000, task: 290_000, refresh: 290_000, authorizer: 120_000 } as const;

describe.each(Object.entries(LIMITS))('the bundle of %s', (entry, limit) => {
  const folder = temporaryFolder();
  writeBundle(entry, folder, { 'beside.json': '{}' });
  const code = readFileSync(join(folder, 'index.mjs'), 'utf8');

  it('is one small module, what it may load later, and what belongs beside it', () => {
    const files = readdirSync(folder).toSorted();

    expect(files.filter((name) => !name.startsWith('part-'))).toEqual([
      'THIRD_PARTY_LICENSES.txt',
      'beside.json',
      'index.mjs',
    ]);
    expect(readFileSync(join(folder, 'beside.json'), 'utf8')).toBe('{}');
    expect(readFileSync(join(folder, 'THIRD_PARTY_LICENSES.txt'), 'utf8')).toMatch(
      /^zod \d+\.\d+\.\d+ \(MIT\)$/m,
    );
    expect(code.length).toBeLessThan(limit);
  });

  it('is loaded by Node.js without an environment, and exports the handler', () => {
    const url = JSON.stringify(`file://${folder}/index.mjs`);
    const script = `process.stdout.write(typeof (await import(${url})).handler)`;

    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      env: {},
      encoding: 'utf8',
    });

    expect(output.endsWith('function')).toBe(true);
  });

  it('leaves out the credential chain and the paths of the machine that built it', () => {
    expect(/fromInstanceMetadata|fromSSO|fromTokenFile/.test(code)).toBe(false);
    expect(code.includes(process.cwd())).toBe(false);
  });
});

/** Loads a function whose AWS is this very process, and tells what it was asked for. */
const LOAD_AND_TELL = `
  const asked = [];
  const server = (await import('node:http')).createServer((request, response) => {
    asked.push(request.headers['x-amz-target'].split('.')[1]);
    const isTable = request.headers['x-amz-target'].startsWith('DynamoDB');
    response.writeHead(isTable ? 200 : 400, { 'x-amzn-errortype': 'ResourceNotFoundException' });
    response.end('{}');
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const url = 'http://127.0.0.1:' + server.address().port;
  process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER = url;
  process.env.AWS_ENDPOINT_URL_DYNAMODB = url;
  await import(process.argv[1]);
  process.stdout.write('asked ' + asked);
  process.exit();
`;

describe('a bundle', () => {
  it.each(['api', 'task', 'refresh'])(
    'of %s asks AWS at the endpoints of the environment, before init ends where it is provisioned',
    (entry) => {
      const folder = temporaryFolder();
      writeBundle(entry, folder);
      const load = (type: string) =>
        execFileSync(
          process.execPath,
          ['--input-type=module', '-e', LOAD_AND_TELL, `file://${folder}/index.mjs`],
          {
            env: {
              AWS_LAMBDA_INITIALIZATION_TYPE: type,
              AWS_REGION: 'eu-west-1',
              AWS_ACCESS_KEY_ID: 'test',
              AWS_SECRET_ACCESS_KEY: 'test',
              CREDENTIALS_SECRET_ARN: 'egain-credentials',
              SHARED_TABLE_NAME: 'shared',
              EGAIN_API_URL: 'http://127.0.0.1:1',
              EGAIN_TOKEN_URL: 'http://127.0.0.1:1/token',
              EGAIN_SCOPE: 'scope',
            },
            encoding: 'utf8',
          },
        );

      // The shared state, the token, and the secret where there is neither.
      expect(load('provisioned-concurrency')).toMatch(/asked GetItem,GetItem,GetSecretValue$/);
      expect(load('on-demand')).toMatch(/asked $/);
    },
  );
});

it('the authorizer reads nothing of the SDK at its start, which few stages need', () => {
  const folder = temporaryFolder();
  writeBundle('authorizer', folder);
  const holders = readdirSync(folder).filter((name) =>
    readFileSync(join(folder, name), 'utf8').includes('BatchGetSecretValue'),
  );

  expect(holders).toEqual([expect.stringMatching(/^part-/)]);
});

/** The files of a function's bundle that hold EventBridge's client. */
const holdersOf = (entry: string) => {
  const folder = temporaryFolder();
  writeBundle(entry, folder);
  return readdirSync(folder).filter((name) =>
    readFileSync(join(folder, name), 'utf8').includes('AWSEvents'),
  );
};

it('RefreshFunction alone can put events, and reads what that takes where there is one', () => {
  expect(holdersOf('refresh')).toEqual([expect.stringMatching(/^part-/)]);
  expect(['api', 'task', 'authorizer'].flatMap(holdersOf)).toEqual([]);
});
