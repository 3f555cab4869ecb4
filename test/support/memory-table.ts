import type { Item, Table } from '../../lambda/platform/table.ts';

type StoredItem = Item & { readonly expiresAt: number };

/** A table in memory, which does at once what it is asked. */
export interface MemoryTable extends Table {
  readonly items: Map<string, StoredItem>;
  readonly bytes: Map<string, Uint8Array>;
}

export function createMemoryTable(): MemoryTable {
  const items = new Map<string, StoredItem>();
  const bytes = new Map<string, Uint8Array>();
  return {
    items,
    bytes,
    async read(key): Promise<Item | undefined> {
      const { expiresAt: _, ...item } = items.get(key) ?? {};
      return 'version' in item ? item : undefined;
    },
    async replace(key, item, seen) {
      if (items.get(key)?.version !== seen) return false;
      items.set(key, item);
      return true;
    },
    async readBytes(keys) {
      return new Map(
        keys.flatMap((key) => {
          const found = bytes.get(key);
          return found === undefined ? [] : [[key, found] as const];
        }),
      );
    },
    async writeBytes(key, value) {
      if (value.byteLength > 400 * 1024) throw new Error('Item size has exceeded the maximum');
      bytes.set(key, Uint8Array.from(value));
    },
  };
}
