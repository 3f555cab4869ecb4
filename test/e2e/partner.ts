import type { Sandbox } from '../../sandbox/sandbox.ts';
import { type Answer, expectContract } from './contract.ts';

interface Envelope {
  readonly code: string;
  readonly developerMessage: string;
  readonly userMessage?: string;
  readonly details?: readonly { readonly key: string; readonly value: string }[];
}

interface AccountList {
  readonly paginationInfo: {
    readonly count: number;
    readonly pagenum: number;
    readonly pagesize: number;
  };
  readonly account: readonly Readonly<Record<string, unknown>>[];
}

/** An answer that has been found to be what the contract says. */
export interface PartnerAnswer extends Answer {
  readonly list: AccountList;
  readonly one: Readonly<Record<string, unknown>>;
  readonly error: Envelope;
}

/** Sends a partner's requests; `path` begins after the stage. */
export type Send = (
  path: string,
  headers?: Readonly<Record<string, string>>,
) => Promise<PartnerAnswer>;

/** Sends requests with one token, checks each answer, and keeps the texts of those that failed. */
export function createPartner(sandbox: Sandbox, token?: string, failures: string[] = []): Send {
  const base = sandbox.accountsUrl.replace(/\/accounts$/, '');
  return async (path, headers = {}) => {
    const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const response = await fetch(base + path, { headers: { ...authorization, ...headers } });
    const answer = {
      status: response.status,
      headers: response.headers,
      text: await response.text(),
    };
    if (!response.ok) failures.push(answer.text);
    expectContract(routeOf(path), answer);
    const body = answer.text === '' ? undefined : (JSON.parse(answer.text) as unknown);
    return {
      ...answer,
      list: body as AccountList,
      one: body as Readonly<Record<string, unknown>>,
      error: body as Envelope,
    };
  };
}

function routeOf(path: string): string {
  const plain = path.replace(/\?.*$/s, '');
  return /^\/accounts\/[^/]+$/.test(plain) ? '/accounts/{id}' : plain;
}
