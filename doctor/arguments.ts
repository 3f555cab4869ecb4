import { parseArgs } from 'node:util';
import { SECRET_ARN } from '../lib/stage/stage-schema.ts';

export const USAGE = `Usage: npm run doctor -- [--stage <name>] [--secret-arn <arn>] [--json]

Checks that a stage can work, in order: its config, the URLs, the credentials, the token, the scope,
page 1 of eGain's accounts, and the walk over all pages. Stops at the first check that fails, and
says what to do about it. It changes nothing, and prints no secret, token or address.

  --stage <name>      checks config/<name>.json                                  (default: dev)
  --secret-arn <arn>  reads the credentials from this Secrets Manager secret, with the AWS
                      credentials of your shell; without it they come from the environment:
                      EGAIN_CLIENT_ID and EGAIN_CLIENT_SECRET
  --json              prints one JSON document in place of lines
  --help              prints this

Exit code: 0 all checks hold, 1 one fails, 2 wrong usage.
`;

export interface DoctorOptions {
  readonly stage: string;
  readonly secretArn: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
}

/** Thrown for arguments that can't be used; the message says what is wrong. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
}

/** @throws UsageError */
export function readArguments(args: readonly string[]): DoctorOptions {
  const values = parsed(args);
  const { 'secret-arn': secretArn, stage = 'dev' } = values;
  if (stage === '') throw new UsageError('--stage needs a name, like dev.');
  if (secretArn !== undefined && !SECRET_ARN.test(secretArn)) {
    throw new UsageError(
      '--secret-arn needs the ARN of a Secrets Manager secret: ' +
        'arn:aws:secretsmanager:<region>:<account>:secret:<name>.',
    );
  }
  return { stage, secretArn, json: values.json ?? false, help: values.help ?? false };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: false,
      options: {
        stage: { type: 'string' },
        'secret-arn': { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    // The message quotes what was typed, and a secret may have been typed by mistake.
    const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
    if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
      throw new UsageError('One of the options is unknown.');
    }
    if (code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') {
      throw new UsageError('Only options are taken; one argument is none.');
    }
    throw new UsageError('An option lacks its value, or has one that it does not take.');
  }
}
