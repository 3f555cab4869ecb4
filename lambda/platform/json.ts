/**
 * The value of a JSON text, before which a byte order mark may stand; undefined where it is none.
 * The engine's own error would quote the text.
 */
export function parseJson(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    return JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
  } catch {
    return undefined;
  }
}
