import type { DescribedOutput } from '../aws/outputs.ts';

const INDENT = 2;

/** What a person needs after a deploy: the outputs, with what they are, and what comes next. */
export function deployedText(stage: string, outputs: readonly DescribedOutput[]): string {
  const width = Math.max(0, ...outputs.map(({ name }) => name.length)) + 2;
  const margin = ' '.repeat(INDENT + width);
  const rows = outputs.flatMap(({ name, value, description }) => [
    `${' '.repeat(INDENT)}${name.padEnd(width)}${value}`,
    `${margin}· ${description}`,
  ]);
  const secret = outputs.find(({ name }) => name === 'CredentialsSecretArn');
  return `
Stage ${stage} is deployed${rows.length === 0 ? '.' : `:\n${rows.join('\n')}`}

Where the secret is new, put eGain's client id and secret into it, {"clientId":"…","clientSecret":"…"}
in a file outside this folder:
  aws secretsmanager put-secret-value --secret-id ${secret?.value ?? '<CredentialsSecretArn>'} --secret-string file://<file> && rm <file>
Then see whether all of it works:
  npm run verify -- --stage ${stage}`;
}
