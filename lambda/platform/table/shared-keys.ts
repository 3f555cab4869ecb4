import { hash } from 'node:crypto';
import type { ServiceConfig } from '../config.ts';

/** To be raised with any change of what the items hold: old and new containers run side by side. */
const FORMAT = 'v1';

/** What every item's key begins with; no function may touch any other item. */
export const KEY_PREFIX = `${FORMAT}#`;

/** The keys of the items by which the containers of one deployment share. */
export interface SharedKeys {
  /** What the snapshot is, who renews it, and what has failed. */
  readonly current: string;
  readonly token: string;
  /** The calls to eGain of the last minute. */
  readonly calls: string;
  /** One part of a snapshot's content, from 0. */
  part(contentHash: string, number: number): string;
}

/** What decides the content, so that another tenant or another secret never reads these items. */
type Origin = Pick<ServiceConfig, 'apiUrl' | 'tokenUrl' | 'scope' | 'secretArn'>;

/** The keys for one origin of accounts, in one format. */
export function sharedKeys({ apiUrl, tokenUrl, scope, secretArn }: Origin): SharedKeys {
  const origin = hash('sha256', JSON.stringify([apiUrl, tokenUrl, scope, secretArn]), 'base64url');
  const prefix = `${KEY_PREFIX}${origin.slice(0, 22)}#`;
  return {
    current: `${prefix}current`,
    token: `${prefix}token`,
    calls: `${prefix}calls`,
    part: (contentHash, number) => `${prefix}part#${contentHash}#${number}`,
  };
}
