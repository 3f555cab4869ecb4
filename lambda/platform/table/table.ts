/** An item that is replaced as a whole, and whose version tells whether somebody else has. */
export interface Item {
  readonly version: number;
  readonly body: string;
}

/** What is written under a key. */
export interface NewItem extends Item {
  /** When the table may drop it; milliseconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * What the product asks of a table: four verbs over keys, each of which sees one item. The
 * containers' agreement rests on `replace` alone.
 */
export interface Table {
  /** The item as it is now, not as it was a moment ago. */
  read(key: string, signal: AbortSignal): Promise<Item | undefined>;
  /**
   * Writes the item if the one there still has that version.
   *
   * @param seen the version that was read; undefined where there was no item
   * @returns false when somebody else has written meanwhile
   */
  replace(
    key: string,
    item: NewItem,
    seen: number | undefined,
    signal: AbortSignal,
  ): Promise<boolean>;
  /**
   * Bytes by their keys. Keys without an item are left out.
   *
   * @throws Error when not all could be read
   */
  readBytes(keys: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Writes bytes, whatever is there. */
  writeBytes(key: string, bytes: Uint8Array, expiresAt: number, signal: AbortSignal): Promise<void>;
}
