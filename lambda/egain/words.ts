import * as z from 'zod/mini';
import type { Detail } from '../faults.ts';
import { parseJson } from '../platform/parse.ts';

const MAX_TEXT = 2048;
const MAX_DETAILS = 30;
/** From this number on, a code is this product's own. */
const OWN_NUMBERS = 900;

/** What a request to eGain was made with, which eGain may echo. */
export interface Sensitive {
  readonly token: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** What eGain says of a failure, its texts fit to be passed on. */
export interface UpstreamEnvelope {
  readonly code: string;
  readonly developerMessage: string | undefined;
  readonly userMessage: string | undefined;
  readonly details: readonly Detail[];
}

/** A text; anything else counts as none. */
const someText = z.optional(
  z.pipe(
    z.unknown(),
    z.transform((value) => (typeof value === 'string' ? value : undefined)),
  ),
);
const envelopeSchema = z.object({
  code: z.string().check(z.regex(/^\d{3}-\d{1,9}$/)),
  developerMessage: someText,
  userMessage: someText,
  details: z.optional(z.unknown()),
});
const detailSchema = z.object({ key: z.string(), value: someText });

/**
 * Reads eGain's error envelope. Anything malformed but its code is left out. The words of a 401 or
 * 403 are withheld, and so are all words when one of them holds a credential or none is known.
 *
 * @returns undefined when the code is not the answer's status and a number that is eGain's to give
 */
export function readEnvelope(
  status: number,
  body: string | null,
  sensitive: Sensitive | undefined,
): UpstreamEnvelope | undefined {
  const envelope = z.safeParse(envelopeSchema, parseJson(body)).data;
  if (envelope === undefined) return undefined;
  const { code, developerMessage, userMessage } = envelope;
  const [first, number] = code.split('-');
  if (Number(first) !== status || Number(number) >= OWN_NUMBERS) return undefined;

  const listed: unknown[] = Array.isArray(envelope.details) ? envelope.details : [];
  const rows = listed
    .map((row) => z.safeParse(detailSchema, row).data)
    .filter((row) => row !== undefined)
    .map(({ key, value = '' }) => ({ key, value }));
  const texts = [developerMessage, userMessage, ...rows.flatMap(({ key, value }) => [key, value])];
  const withheld =
    status === 401 ||
    status === 403 ||
    sensitive === undefined ||
    holdsSecret(texts.join('\n'), sensitive);
  if (withheld) return { code, developerMessage: undefined, userMessage: undefined, details: [] };
  return {
    code,
    developerMessage: developerMessage && cut(developerMessage),
    userMessage: userMessage && cut(userMessage),
    details: rows
      .slice(0, MAX_DETAILS)
      .map(({ key, value }) => ({ key: cut(key), value: cut(value) })),
  };
}

/** At most 2048 UTF-16 units, without half a character at the end. */
function cut(long: string): string {
  return long.length <= MAX_TEXT ? long : long.slice(0, MAX_TEXT).replace(/[\uD800-\uDBFF]$/, '');
}

/**
 * How much of a secret is searched for. Whoever sends the token and the text could otherwise choose
 * both so that the search takes their lengths multiplied.
 */
const MAX_NEEDLE = 64;

/**
 * Whether a text holds the token, the client id or the client secret: as it is, percent-encoded, or
 * in base64, alone or in the midst of something longer.
 */
export function holdsSecret(text: string, { token, clientId, clientSecret }: Sensitive): boolean {
  const secrets = [token, clientId, clientSecret]
    .filter((secret) => secret !== '')
    .map((secret) => secret.slice(0, MAX_NEEDLE));
  const plain = bytesOf(text);
  const decoded = percentDecoded(plain);
  const views = [plain, decoded, percentDecoded(plain.replaceAll('+', ' '))];
  if (secrets.some((secret) => views.some((view) => view.includes(bytesOf(secret))))) return true;
  // Basic authentication encodes the client twice: as in a form, then in base64.
  const encoded = secrets.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    formEncoded(secret),
  ]);
  const inBase64 = new Set(encoded.flatMap(base64FormsOf));
  const unbroken = [plain, decoded].map((view) => standardBase64(view.replaceAll(/\s/g, '')));
  return [...inBase64].some((needle) => unbroken.some((view) => view.includes(needle)));
}

/** One character for each byte of the text's UTF-8. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function percentDecoded(bytes: string): string {
  return bytes.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** A text as a value in `application/x-www-form-urlencoded`. */
export function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}

function standardBase64(text: string): string {
  return text.replaceAll('-', '+').replaceAll('_', '/');
}

/** Shorter ones turn up in any text. */
const MIN_BASE64 = 6;

/**
 * The characters by which base64 shows a secret wherever it stands among other bytes: they differ by
 * the place of its first byte in a group of three, and those at its ends depend on its neighbours.
 */
function base64FormsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [0, 1, 2]
    .map((before) => {
      const all = Buffer.concat([Buffer.alloc(before), bytes]);
      const [first, end] = [Math.ceil((before * 8) / 6), Math.floor((all.length * 8) / 6)];
      return all.toString('base64').slice(first, end);
    })
    .filter((needle) => needle.length >= MIN_BASE64);
}
