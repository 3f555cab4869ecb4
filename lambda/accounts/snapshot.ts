import { hash } from 'node:crypto';
import type { Account } from '../egain/account.ts';

/** All accounts at one moment. */
export interface Snapshot {
  readonly accounts: readonly Account[];
  /** SHA-256 of the content, base64url; the order in which eGain sent the accounts is no part. */
  readonly hash: string;
}

/** A snapshot, and the text that it is shared by. */
export interface WrittenSnapshot {
  readonly snapshot: Snapshot;
  /** Its accounts as a JSON array, the same text for the same content. */
  readonly text: string;
}

/**
 * A snapshot of these accounts, ordered by their own texts. Each account has its keys in the
 * schema's order, so equal ones have equal texts, and equal contents one text and one hash.
 */
export function writeSnapshot(accounts: readonly Account[]): WrittenSnapshot {
  const written = accounts.map((account) => ({ account, text: JSON.stringify(account) }));
  written.sort((a, b) => Number(a.text > b.text) - Number(a.text < b.text));
  const text = `[${written.map((each) => each.text).join(',')}]`;
  return {
    snapshot: { accounts: written.map(({ account }) => account), hash: hashOf(text) },
    text,
  };
}

/** The snapshot of this text, if it is the one that the hash was made of. */
export function readSnapshot(text: string, expectedHash: string): Snapshot | undefined {
  if (hashOf(text) !== expectedHash) return undefined;
  // Whoever made the hash had checked the accounts.
  return { accounts: JSON.parse(text) as Account[], hash: expectedHash };
}

function hashOf(text: string): string {
  return hash('sha256', text, 'base64url');
}
