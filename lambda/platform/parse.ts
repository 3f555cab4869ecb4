/**
 * The value of a JSON text, which may begin with a byte order mark; undefined if it is not JSON. The
 * engine's own error would quote the text.
 */
export function parseJson(text: string | null | undefined): unknown {
  try {
    return JSON.parse((text ?? '').replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The names of this machine, as `URL.hostname` writes them. */
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** Whether nobody on the way can read along: `https`, or `http` to this machine. */
export function isSecure({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.has(hostname));
}

/**
 * The secure URL that a text is; undefined if it is none. `URL.parse` would need Node.js 22, and the
 * bundles also run on 20, which a machine may have where they are tried by hand.
 */
export function parseSecureUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && isSecure(url) ? url : undefined;
}

const DATE_TIME =
  /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?(?:[Zz]|([+-])(\d\d):?(\d\d))$/;
/** Other ways in which libraries write it: a space for the T, no seconds, a shorter zone or two zones. */
const AS_WRITTEN =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)([.,]\d+)?)? ?(?:[Zz]|UTC|GMT|([+-])(\d\d)(?::?(\d\d))?)(?:\[[\w/+-]{1,40}\])?$/;
const MINUTE = 60_000;
const DAY = 86_400_000;

/**
 * Reads a date-time of RFC 3339, which always has a zone. The zone may lack its colon, since Jackson
 * and generated clients leave it out. A leap second (`:60`, at the end of a UTC day only) counts as
 * the start of the second after it.
 *
 * @returns milliseconds since the epoch, with what is finer as a fraction
 * @see https://www.rfc-editor.org/rfc/rfc3339#section-5.6
 */
export function parseDateTime(text: string): number | undefined {
  return DATE_TIME.test(text) ? readDateTime(text) : undefined;
}

/**
 * Reads a date-time as servers' libraries write it: ISO 8601 with date, time and zone. Does not read
 * a text that may mean more than one moment: without a zone, a bare number, the name of a month.
 *
 * @returns as `parseDateTime`
 */
export function readDateTime(text: string): number | undefined {
  const match = AS_WRITTEN.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0)) as Six;
  const [zoneHour, zoneMinute] = [Number(match[9] ?? 0), Number(match[10] ?? 0)];
  if (hour > 23 || minute > 59 || second > 60 || zoneHour > 23 || zoneMinute > 59) return undefined;

  const midnight = new Date(0);
  midnight.setUTCFullYear(year, month - 1, day);
  // JavaScript takes a day that the month does not have for one of the next month.
  if (midnight.getUTCMonth() !== month - 1) return undefined;

  const zone = (match[8] === '-' ? -1 : 1) * (zoneHour * 60 + zoneMinute) * MINUTE;
  const instant = midnight.getTime() + (hour * 60 + minute) * MINUTE + second * 1000 - zone;
  if (second === 60) return instant % DAY === 0 ? instant : undefined;
  return instant + Number(`0${match[7]?.replace(',', '.') ?? ''}`) * 1000;
}

type Six = [number, number, number, number, number, number];
