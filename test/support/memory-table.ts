import type { Item, NewItem, Table } from '../../lambda/platform/table.ts';

/** A table in memory, which does at once what it is asked. */
export interface MemoryTable extends Table {
  readonly items: Map<string, NewItem>;
  readonly bytes: Map<string, Uint8Array>;
}

export function createMemoryTable(): MemoryTable {
  const items = new Map<string, NewItem>();
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
