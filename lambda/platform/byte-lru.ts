/** Keeps what was used last, up to a total size. */
export interface ByteLru<Value> {
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
}

/**
 * @param maxSize of all that is kept together, in the unit of `sizeOf`; one value alone that passes
 *   it is not kept
 */
export function createByteLru<Value>(
  maxSize: number,
  sizeOf: (value: Value) => number,
): ByteLru<Value> {
  /** The one used last comes last. */
  const kept = new Map<string, Value>();
  let size = 0;

  const drop = (key: string) => {
    const value = kept.get(key);
    if (value === undefined) return;
    kept.delete(key);
    size -= key.length + sizeOf(value);
  };

  return {
    get(key) {
      const value = kept.get(key);
      if (value === undefined) return undefined;
      kept.delete(key);
      kept.set(key, value);
      return value;
    },
    set(key, value) {
      drop(key);
      kept.set(key, value);
      size += key.length + sizeOf(value);
      for (const oldest of kept.keys()) {
        if (size <= maxSize) break;
        drop(oldest);
      }
    },
  };
}
