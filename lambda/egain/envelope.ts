import * as z from 'zod/mini';
import type { UpstreamEnvelope } from '../faults.ts';
import { parseJson } from '../platform/json.ts';
import type { LeakCheck } from './leak-check.ts';
import type { Redact } from './redact.ts';

const MAX_TEXT = 2048;
const MAX_DETAILS = 30;
/** From this number on, a code is this product's own. */
const OWN_NUMBERS = 900;

const envelopeSchema = z.object({
  code: z.string().check(z.regex(/^\d{3}-\d{1,9}$/)),
  developerMessage: z.optional(z.unknown()),
  userMessage: z.optional(z.unknown()),
  details: z.optional(z.unknown()),
});
const detailSchema = z.object({ key: z.string(), value: z.optional(z.unknown()) });

/**
 * Reads eGain's error envelope. It is usable when its code has the form `{status}-{number}` with
 * the status of the answer and a number that is eGain's to give; whatever else is malformed in it
 * is left out.
 *
 * @returns undefined when there is no usable envelope
 */
export function readEnvelope(
  status: number,
  body: string | null,
  redact: Redact,
  leaks: LeakCheck = () => false,
): UpstreamEnvelope | undefined {
  const envelope = z.safeParse(envelopeSchema, parseJson(body)).data;
  if (envelope === undefined) return undefined;
  const [first, number] = envelope.code.split('-');
  if (Number(first) !== status || Number(number) >= OWN_NUMBERS) return undefined;

  const clean = (dirty: string) => cut(redact(dirty));
  const optional = (value: unknown) => (typeof value === 'string' ? clean(value) : undefined);
  const rows: unknown[] = Array.isArray(envelope.details) ? envelope.details : [];
  const read: UpstreamEnvelope = {
    code: envelope.code,
    developerMessage: optional(envelope.developerMessage),
    userMessage: optional(envelope.userMessage),
    details: rows
      .slice(0, MAX_DETAILS)
      .map((row) => z.safeParse(detailSchema, row).data)
      .filter((row) => row !== undefined)
      .map(({ key, value }) => ({ key: clean(key), value: optional(value) ?? '' })),
  };
  const { code, developerMessage = '', userMessage = '', details } = read;
  const said = [
    developerMessage,
    userMessage,
    ...details.flatMap(({ key, value }) => [key, value]),
  ];
  return leaks(said)
    ? { code, developerMessage: undefined, userMessage: undefined, details: [] }
    : read;
}

/** At most 2048 UTF-16 units, without half a character at the end. */
function cut(long: string): string {
  return long.length <= MAX_TEXT ? long : long.slice(0, MAX_TEXT).replace(/[\uD800-\uDBFF]$/, '');
}
