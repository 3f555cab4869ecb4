/**
 * The value of a JSON text, which may begin with a byte order mark; undefined if it is not JSON. The
 * engine's own error would quote the text.
 */
export function parseJson(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    return JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
  } catch {
    return undefined;
  }
}
