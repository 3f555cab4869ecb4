import { createRequire } from 'node:module';

interface Verdict {
  readonly errors: readonly { readonly 'Error code': string; readonly Message?: string }[];
}
type Validator = (definition: object) => Verdict;

const require = createRequire(import.meta.url);
const validate = require('asl-validator') as Validator;

/** What is wrong with a definition by the Amazon States Language's specification. */
export function aslErrors(definition: string): string[] {
  const { errors } = validate(JSON.parse(definition) as object);
  return errors.map((error) => `${error['Error code']}: ${error.Message ?? ''}`);
}
