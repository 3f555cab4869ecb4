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
 * @returns milliseconds since the epoch, with what is finer as a fraction; undefined for any
 * other text.
 * @see https://www.rfc-editor.org/rfc/rfc3339#section-5.6
 */
export function parseDateTime(text: string): number | undefined {
  return instantOf(DATE_TIME.exec(text));
}

/**
 * Reads a date-time as servers' libraries write it: ISO 8601 with date, time and zone. Does not read
 * a text that may mean more than one moment: without a zone, a bare number, the name of a month.
 *
 * @returns as `parseDateTime`
 */
export function readDateTime(text: string): number | undefined {
  return instantOf(AS_WRITTEN.exec(text));
}

function instantOf(match: RegExpExecArray | null): number | undefined {
  if (match === null) return undefined;
  const part = (index: number): number => Number(match[index] ?? 0);
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map(part) as Six;
  const [zoneHour, zoneMinute] = [part(9), part(10)];
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
