import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { stageJsonSchema } from '../../../lib/stage/stage-schema.ts';
import { FULL_STAGE } from '../../support/stage.ts';

describe("the editors' schema", () => {
  const ajv = new Ajv({ strict: true });
  addFormats.default(ajv);
  const validate = ajv.compile(stageJsonSchema());

  it('is what config/stage.schema.json holds (npm run docs)', async () => {
    await expect(`${JSON.stringify(stageJsonSchema(), null, 2)}\n`).toMatchFileSnapshot(
      '../../../config/stage.schema.json',
    );
  });

  it('takes config/sandbox.json', () => {
    const file = new URL('../../../config/sandbox.json', import.meta.url);

    expect(validate(JSON.parse(readFileSync(file, 'utf8')))).toBe(true);
  });

  it('takes every option and refuses an unknown key', () => {
    expect(validate(FULL_STAGE)).toBe(true);
    expect(validate({ ...FULL_STAGE, api: { ...FULL_STAGE.api, cors: true } })).toBe(false);
  });
});
