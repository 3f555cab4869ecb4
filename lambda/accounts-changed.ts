/** What tells that the accounts have changed; the rules of workflows match it. */
export const ACCOUNTS_CHANGED = 'Accounts Changed';
export const eventSource = (stage: string): string => `egain-accounts.${stage}`;

/**
 * The event's detail. It means "look now", and holds nothing that anybody who may read the bus must
 * not know: no id, name or address, no partner, no word of eGain's.
 */
export interface AccountsChanged {
  /** Of this form. */
  readonly version: '1';
  readonly stage: string;
  /** The content's name, as in exports: letters, digits, `-` and `_`. */
  readonly contentHash: string;
  /** Of the event before; null in the first. */
  readonly previousContentHash: string | null;
  /** How many accounts there are. */
  readonly count: number;
  /** When the page walk began, in RFC 3339. */
  readonly fetchedAt: string;
}
