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

interface Expression {
  registerFunction(name: string, run: (text: string) => unknown): void;
  evaluate(input: undefined, bindings: object): Promise<unknown>;
}

/** The JSONata that the validator itself reads expressions with. */
const jsonata = createRequire(require.resolve('asl-validator'))('jsonata') as (
  text: string,
) => Expression;

/** What Step Functions makes of an expression between `{%` and `%}`, with these variables. */
export async function evaluate(text: string, bindings: object): Promise<unknown> {
  const expression = jsonata(text);
  // Step Functions has it in addition: https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
  expression.registerFunction('parse', (json) => JSON.parse(json) as unknown);
  const value = await expression.evaluate(undefined, bindings);
  return structuredClone(value);
}
