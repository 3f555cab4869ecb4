import { expect } from 'vitest';
import { envelopeReply, type World } from './egain-world.ts';
import type { Reply, ScriptedUpstream } from './scripted-upstream.ts';

/** One fault of an upstream, and what the product makes of it. */
export interface FaultRow {
  readonly name: string;
  /** The first replies; after them, each server is well again. */
  readonly accounts?: readonly Reply[];
  readonly token?: readonly Reply[];
  readonly secrets?: readonly Reply[];
  readonly setUp?: (world: World, upstream: ScriptedUpstream) => void;
  /** The caller's time, in milliseconds. Default 25000. */
  readonly remainingMs?: number;
  /** The fault's status and code; or `whole`, when all accounts come after all. */
  readonly gives: readonly [status: number, code: string] | 'whole';
  /** Calls to eGain's API, to the token endpoint, to Secrets Manager. */
  readonly calls: readonly [accounts: number, token: number, secrets: number];
  /** What one line of the log has to say. */
  readonly logs: { readonly message: string; readonly fields: unknown };
  readonly retryAfterSeconds?: number;
  /** The details that a caller gets from whom nothing is hidden. */
  readonly details?: readonly { key: string; value: string }[];
}

/** The moment at which every row begins. */
export const STARTS_AT = Date.UTC(2026, 0, 1);

export const three = (reply: Reply): Reply[] => [reply, reply, reply];

/** Refusals of so many tokens: each is tried four times until it is two seconds old. */
export const refusals = (tokens: number): Reply[] =>
  Array.from({ length: 4 * tokens }, () => envelopeReply(401, '401-101'));

/** An answer that is none. */
export const switching: Reply = {
  raw: 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n',
  keepOpen: true,
};

/** An answer with a head that no HTTP client may read. */
export const twoLengths: Reply = {
  raw: 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}',
};

/** A page of eGain's. */
export const page = (account: unknown, paginationInfo: unknown = { count: 1 }): Reply => ({
  body: { paginationInfo, account },
});

/** The line about a walk that failed. */
export const unfetched = (code: string, reason = '') => ({
  message: 'The accounts could not be fetched',
  fields: expect.objectContaining({ code, reason: expect.stringContaining(reason) }) as unknown,
});

/** The line about one attempt that failed. */
export const failed = (fields: object) => ({
  message: 'An upstream request failed',
  fields: expect.objectContaining(fields) as unknown,
});
