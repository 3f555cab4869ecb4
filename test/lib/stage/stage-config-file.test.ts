import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadStageConfig } from '../../../lib/stage/stage-config.ts';
import { LEAST, PLAIN_STAGE, SECRET_ARN } from '../../support/stage.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

function folderWith(files: Readonly<Record<string, string>>): URL {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return pathToFileURL(`${folder}/`);
}

describe('the file of a stage', () => {
  it('is read by the name of the stage, and may begin with a byte order mark', () => {
    const folder = folderWith({ 'prod.json': `\uFEFF${JSON.stringify(PLAIN_STAGE)}` });

    expect(Object.keys(loadStageConfig('prod', { folder }).partners)).toEqual([
      'acme',
      'second-one',
    ]);
  });

  it.each(['dev', 'sandbox'])('is in the project for %s, without a mistake', (stage) => {
    expect(() => loadStageConfig(stage)).not.toThrow();
  });

  it('is named in the message when it is missing, unreadable or not JSON', () => {
    const canary = 'canary-7f3a';
    const folder = folderWith({
      'bad.json': `{ "egain": "${canary}", \n ${canary} }`,
      'blank.json': ' \n',
    });
    mkdirSync(new URL('folder.json', folder));

    const how = '-c stage=<name> for cdk, --stage <name> for every npm command.';
    expect(() => loadStageConfig('absent', { folder })).toThrow(
      `There is no config/absent.json. Copy config/dev.json to make it, or choose another stage: ${how}`,
    );
    expect(() => loadStageConfig('dev', { folder })).toThrow(
      `There is no config/dev.json. Choose a stage by ${how}`,
    );
    expect(() => loadStageConfig('blnak', { folder })).toThrow(
      `There is no config/blnak.json. Did you mean blank? Choose a stage by ${how}`,
    );
    expect(() =>
      loadStageConfig('stage', { folder: folderWith({ 'stage.schema.json': '' }) }),
    ).toThrow(/^There is no config\/stage\.json\. Copy/);
    expect(() => loadStageConfig('folder', { folder })).toThrow(
      "config/folder.json can't be read. It is a directory.",
    );
    expect(() => loadStageConfig('bad', { folder })).toThrow(/^config\/bad\.json is not JSON/);
    expect(() => loadStageConfig('bad', { folder })).not.toThrow(canary);
    expect(() => loadStageConfig('blank', { folder })).toThrow('config/blank.json is empty');
  });

  it.each([
    ['{\n  "egain": {},\n  egain }', '(line 3 column 3): a word stands there'],
    ['{\n  // egain\n}', '(line 2 column 3): a comment stands there; JSON has none'],
    ['{"egain": {} /* x */}', '(line 1 column 14): a comment'],
    ['{\n  "egain": {', '(line 2 column 13): the text ends too soon'],
    ['{\n  "egain": {},\n}', '(line 2 column 14): a comma stands before a closing bracket'],
    ['{"egain": [1,\n2 , ]}', '(line 2 column 3): a comma stands before a closing bracket'],
    ['{"egain": {},, "auth": {}}', '(line 1 column 14): a , stands there'],
    ['{"egain": {}\n"auth": {}}', '(line 2 column 1): a comma is missing before it'],
    ['{"egain" {}}', '(line 1 column 10): a colon is missing before it'],
    ["{'egain': {}}", "(line 1 column 2): a ' stands there"],
    ['{\n  "egain": {"apiUrl": "https', '(line 2 column 23): the text there does not end'],
    ['{"egain": "a\n"}', '(line 1 column 11): the text there does not end'],
    ['{"egain": "C:\\x"}', '(line 1 column 11): the text there does not end, or has a bad \\'],
  ])('is shown the place of what is not JSON, and what it is: %j', (content, place) => {
    const folder = folderWith({ 'bad.json': content });

    expect(() => loadStageConfig('bad', { folder })).toThrow(
      `config/bad.json is not JSON ${place}`,
    );
  });

  it('has no key twice, wherever it stands', () => {
    const egain = JSON.stringify(LEAST.egain);
    const partner = '{"scopes":["accounts/read"]}';
    const folder = folderWith({
      'twice.json': `{"egain":${egain},\n"partners":{"acme":${partner},\n"b":${partner},"acme":${partner}},"egain":${egain}}`,
    });

    expect(() => loadStageConfig('twice', { folder })).toThrow(
      'config/twice.json has 2 things to correct:\n' +
        '  partners.acme is an object; expected the key once; it stands again on line 3\n' +
        '  egain is an object; expected the key once; it stands again on line 3',
    );
  });

  it('is checked against the region of the deployment', () => {
    const folder = folderWith({
      'far.json': JSON.stringify({ ...LEAST, credentials: { secretArn: SECRET_ARN } }),
    });

    expect(loadStageConfig('far', { folder, region: 'eu-west-1' })).toMatchObject(LEAST);
    expect(() => loadStageConfig('far', { folder, region: 'us-east-1' })).toThrow(
      /credentials\.secretArn is .*; expected one of us-east-1/,
    );
    expect(() => loadStageConfig('far', { folder, region: 'cn-north-1' })).toThrow(
      'auth.issuer is missing',
    );
  });

  it.each(['x-credentials', 'x-workflow', 'x-observability', 'x-partners-2', 'x-partners-3'])(
    'is not looked for when the stage is called %s, as a stack of another stage is',
    (stage) => {
      expect(() => loadStageConfig(stage)).toThrow(
        /a name that does not end in -.* stage's stack\.$/,
      );
    },
  );

  it.each(['', 'Dev', '../dev', 'a'.repeat(36), '1st', 'my-aws', 'dev.json'])(
    'is not looked for when the stage is called %j',
    (stage) => {
      expect(() => loadStageConfig(stage)).toThrow(
        /^The stage is ".*"; expected a name .* without aws, amazon or cognito in it\.$/,
      );
    },
  );
});
