import { describe, expect, test } from 'vitest';
import { readAccount } from '../../../lambda/egain/account.ts';
import { makeAccount } from '../../support/egain-world.ts';

const WHOLE = {
  ...makeAccount(1),
  description: 'd',
  active: false,
  created: '2021-03-21T14:29:01.516Z',
  modified: '2021-03-21T14:29:01+0000',
  caseManagement: { sameCaseDuration: 1.5, copyCustomAttributes: true },
  attributes: [{ name: 'a', value: 'b' }],
};

/** What is left of an account, and the paths of what is not. */
function read(value: unknown) {
  const malformed: string[] = [];
  const account = readAccount(value, (path) => malformed.push(path));
  return { account, malformed };
}

test('an account is what its schema knows of it', () => {
  const unknown = { secret: 1, channel: { ...WHOLE.channel, secret: 1 } };

  expect(read({ ...WHOLE, ...unknown })).toEqual({ account: WHOLE, malformed: [] });
});

test.each([null, undefined, 7, 'a', [], [WHOLE]])('an account is an object: %j', (value) => {
  expect(read(value).account).toBeUndefined();
});

test('an account may be empty', () => {
  expect(read({})).toEqual({ account: {}, malformed: [] });
});

test.each(Object.keys(WHOLE))('a null stays null: %s', (name) => {
  expect(read({ ...WHOLE, [name]: null })).toEqual({
    account: { ...WHOLE, [name]: null },
    malformed: [],
  });
});

describe('a field that is not of its type is left out', () => {
  test.each<[string, unknown]>([
    ['id', 7],
    ['name', { first: 'a' }],
    ['description', false],
    ['active', 'true'],
    ['address', 491234],
    ['channel', []],
    ['created', 'soon'],
    ['modified', ''],
    ['caseManagement', 0],
    ['chatConfigurations', true],
    ['attributes', {}],
  ])('%s: %j', (name, value) => {
    const { [name as keyof typeof WHOLE]: _, ...rest } = WHOLE;

    expect(read({ ...WHOLE, [name]: value })).toEqual({ account: rest, malformed: [name] });
  });

  test('within an object, whose other fields stay', () => {
    const chatConfigurations = {
      timeout: '30',
      defaultLanguage: 'en-US',
      allowLogoutWithOpenChats: 'no',
      orchestration: { id: 1 },
      entryPoint: [],
    };

    expect(read({ chatConfigurations })).toEqual({
      account: { chatConfigurations: { defaultLanguage: 'en-US', orchestration: {} } },
      malformed: [
        'chatConfigurations.timeout',
        'chatConfigurations.allowLogoutWithOpenChats',
        'chatConfigurations.orchestration.id',
        'chatConfigurations.entryPoint',
      ],
    });
  });

  test('within a list, whose other entries stay', () => {
    const attributes = [{ name: 'a', value: 'b' }, 7, null, { name: 'c', value: 7 }, {}];

    expect(read({ attributes })).toEqual({
      account: { attributes: [{ name: 'a', value: 'b' }, { name: 'c' }, {}] },
      malformed: ['attributes[1]', 'attributes[2]', 'attributes[3].value'],
    });
  });

  test('a number that JSON cannot write again', () => {
    const value: unknown = JSON.parse('{"caseManagement":{"sameCaseDuration":1e999}}');

    expect(read(value)).toEqual({
      account: { caseManagement: {} },
      malformed: ['caseManagement.sameCaseDuration'],
    });
  });
});

test('a prototype is a field like any other', () => {
  const { account, malformed } = read(JSON.parse('{"__proto__":{"name":"x"},"id":"1"}'));

  expect([account, malformed, Object.getPrototypeOf(account)]).toEqual([
    { id: '1' },
    [],
    Object.prototype,
  ]);
});
