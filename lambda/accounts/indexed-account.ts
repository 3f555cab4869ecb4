import type { Account } from '../egain/account.ts';
import { parseDateTime } from '../platform/date-time.ts';
import { foldCase } from './text.ts';

/**
 * An account of a snapshot with what filters and orders compare. Each value is worked out when it
 * is first needed, and then kept for as long as the snapshot is.
 */
export class IndexedAccount {
  readonly account: Account;
  #lowerName: string | undefined;
  #foldedName: string | undefined;
  #foldedLanguage: string | undefined;
  #created: number | undefined;
  #modified: number | undefined;

  constructor(account: Account) {
    this.account = account;
  }

  /** The id; eGain may send none, which orders as an empty one. */
  get id(): string {
    return this.account.id ?? '';
  }

  get lowerName(): string {
    return (this.#lowerName ??= this.account.name.toLowerCase());
  }

  get foldedName(): string {
    return (this.#foldedName ??= foldCase(this.account.name));
  }

  /** Empty where there is none. */
  get foldedLanguage(): string {
    const { defaultLanguage } = this.account.chatConfigurations;
    return (this.#foldedLanguage ??= foldCase(defaultLanguage ?? ''));
  }

  /** Milliseconds since the epoch; NaN where there is no date, or none that can be read. */
  get created(): number {
    return (this.#created ??= parseDateTime(this.account.created ?? '') ?? Number.NaN);
  }

  /** As `created`. */
  get modified(): number {
    return (this.#modified ??= parseDateTime(this.account.modified ?? '') ?? Number.NaN);
  }
}
