import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { expect, it } from 'vitest';
import { FULL_STAGE } from '../../support/stage.ts';

const read = (name: string) =>
  JSON.parse(
    readFileSync(new URL(`../../../config/${name}.json`, import.meta.url), 'utf8'),
  ) as object;

it("the editors' schema takes every option, and refuses an unknown key", () => {
  const ajv = new Ajv({ strict: true });
  addFormats.default(ajv);
  const validate = ajv.compile(read('stage.schema'));

  expect([FULL_STAGE, read('sandbox')].map((stage) => validate(stage))).toEqual([true, true]);
  expect(validate({ ...FULL_STAGE, api: { ...FULL_STAGE.api, cors: true } })).toBe(false);
});
