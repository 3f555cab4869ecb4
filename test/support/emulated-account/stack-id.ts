import type { AccountState } from './state.ts';

/** A stack's ARN. */
export function stackId(name: string, { account, region }: AccountState): string {
  return `arn:aws:cloudformation:${region}:${account}:stack/${name}/00000000-0000-0000-0000-000000000000`;
}

/** The name of the stack that is asked about, by its name or its ARN. */
export function stackNameIn(asked: URLSearchParams): string {
  return (asked.get('StackName') ?? '').replace(/^arn:.*:stack\/([^/]+)\/.*$/, '$1');
}
