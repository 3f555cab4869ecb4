import * as z from 'zod/mini';
import type { UpstreamEnvelope } from '../faults.ts';
import { parseJson } from '../platform/util.ts';

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

/** What a text may have in common with a credential by chance is shorter. */
const TELLING = 12;
/** A piece of this length tells when there are others beside it. */
const PIECE = 6;
/** Encodings within encodings are undone this often. */
const ROUNDS = 3;
/** Past this much text, encodings undone, nothing is looked at any more, and nothing passed on. */
const MAX_LOOKED_AT = 1_000_000;

/** Whether texts of others, taken together, hold what came of a credential. */
export type LeakCheck = (texts: readonly string[]) => boolean;

/**
 * Looks for parts of credentials in what a server said, whatever it did to them: it may have cut,
 * encoded, broken or spread them over several texts. In doubt it finds one.
 */
export function createLeakCheck(credentials: readonly string[]): LeakCheck {
  const secrets = credentials.map((credential) => plain(bytesOf(credential)));
  const long = new Set(secrets.flatMap((secret) => windowsOf(secret, TELLING)));
  const short = new Set(secrets.flatMap((secret) => windowsOf(secret, PIECE)));

  // One that is shorter than what tells is looked for whole.
  const whole = secrets.filter(({ length }) => length >= PIECE && length < TELLING);

  const holdsLong = (view: string) =>
    whole.some((secret) => view.includes(secret)) ||
    windowsOf(view, TELLING).some((window) => long.has(window));
  const piecesIn = (view: string) => windowsOf(view, PIECE).filter((window) => short.has(window));

  return (texts) => {
    // As they follow each other, and what stands between labels: each second one, too.
    const odd = texts.filter((_, index) => index % 2 === 1);
    const even = texts.filter((_, index) => index % 2 === 0);
    const joined = [texts, odd, even].map((parts) => parts.join(''));
    const views = viewsOf([...texts, ...joined]);
    if (views === undefined) return true;
    if (views.some(holdsLong)) return true;
    const pieces = new Set<string>();
    let rows = 0;
    for (const text of texts) {
      const found = (viewsOf([text]) ?? []).flatMap(piecesIn);
      if (found.length > 0) rows += 1;
      for (const piece of found) pieces.add(piece);
    }
    return rows > 1 && pieces.size > PIECE;
  };
}

/** Every text of a length in a text; none where that is shorter. */
function windowsOf(text: string, length: number): string[] {
  return Array.from({ length: text.length - length + 1 }, (_, at) => text.slice(at, at + length));
}

/** The texts, and what they are with encodings undone; undefined where that is too much. */
function viewsOf(texts: readonly string[]): string[] | undefined {
  const views = new Set<string>();
  let budget = MAX_LOOKED_AT;
  let latest = [...new Set(texts.map(bytesOf))];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const next = new Set<string>();
    for (const text of latest) {
      const view = plain(text);
      if (views.has(view)) continue;
      views.add(view);
      budget -= view.length;
      if (budget < 0) return undefined;
      for (const undo of UNDO) for (const undone of undo(text)) next.add(undone);
    }
    latest = [...next];
  }
  return [...views];
}

/** A character for each byte of its UTF-8, as what is decoded below has it. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** For comparing: without white space and separators that are often put in, in one case. */
function plain(text: string): string {
  return text
    .replaceAll(/[\s\0\u00ad"'`,;|]+|\u00e2\u0080[\u008b-\u008f]|\u00ef\u00bb\u00bf/g, '')
    .toLowerCase();
}

type Undo = (text: string) => string[];

const fromCode = (code: number) => (code <= 0x10ffff ? bytesOf(String.fromCodePoint(code)) : '');
const fromHex = (digits: string) => Buffer.from(digits, 'hex').toString('latin1');

/** Each gives what a text is without one encoding, if it has it. */
const UNDO: readonly Undo[] = [
  // Percent, and quoted-printable.
  (text) => changed(text, /[%=]([0-9a-f]{2})/gi, (_, digits) => fromHex(digits)),
  (text) => changed(text, /=\r?\n/g, () => ''),
  (text) => changed(text, /\+/g, () => ' '),
  (text) =>
    changed(text, /&#(?:x([0-9a-f]{1,6})|(\d{1,7}));?/gi, (_, hex, decimal) =>
      fromCode(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)),
    ),
  (text) =>
    changed(
      text,
      /&(amp|lt|gt|quot|apos|plus|sol|equals|colon|percnt|period|lowbar|hyphen|dash);/gi,
      (_, name) => ENTITIES[name.toLowerCase()] ?? '',
    ),
  (text) => unescaped(text, fromCode),
  (text) => unescaped(text, (byte) => String.fromCharCode(byte)),
  (text) => changed(text, /\\+([^ux0-3])/g, (_, escaped) => escaped),
  (text) => {
    const digits = text.replaceAll(/0x|\\x|[\s:,;-]/gi, '');
    const runs = digits.match(/[0-9a-f]{24,}/gi) ?? [];
    return runs.flatMap((run) => [fromHex(run), fromHex(run.slice(1))]);
  },
  (text) => {
    const runs = text.replaceAll(/\s+/g, '').match(/[A-Za-z0-9+/_-]{16,}/g) ?? [];
    return runs.flatMap((run) =>
      [0, 1, 2, 3].map((skip) => Buffer.from(run.slice(skip), 'base64').toString('latin1')),
    );
  },
];

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  plus: '+',
  sol: '/',
  equals: '=',
  colon: ':',
  percnt: '%',
  period: '.',
  lowbar: '_',
  hyphen: '-',
  dash: '-',
};

/**
 * Without backslash escapes. What one of two hexadecimal or three octal digits stands for depends on
 * who wrote it: a character, or a byte of its UTF-8.
 */
function unescaped(text: string, short: (code: number) => string): string[] {
  return changed(
    text,
    /\\+(?:u\{?([0-9a-f]{4,6})\}?|x([0-9a-f]{2})|([0-3][0-7]{2}))/gi,
    (_, u, x, octal) => {
      if (u !== undefined) return fromCode(Number.parseInt(u, 16));
      return short(x === undefined ? Number.parseInt(octal ?? '', 8) : Number.parseInt(x, 16));
    },
  );
}

function changed(
  text: string,
  pattern: RegExp,
  replace: (match: string, ...groups: string[]) => string,
): string[] {
  const undone = text.replaceAll(pattern, replace);
  return undone === text ? [] : [undone];
}

/** Takes secrets out of a text that someone else wrote. */
export type Redact = (text: string) => string;

/** A shorter client id would also be found in words that have nothing to do with it. */
const MIN_IDENTIFIER = 6;

/** What a request to eGain is made with. */
export interface Sensitive {
  readonly token: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Its parts that are to be kept from everybody. */
export function secretsOf({ token, clientId, clientSecret }: Sensitive): string[] {
  return [token, clientSecret, ...(clientId.length < MIN_IDENTIFIER ? [] : [clientId])];
}

/**
 * Replaces every credential by `[redacted]`: as it is, URL-encoded, form-encoded and in base64,
 * and the value of an `Authorization: Basic` header. Servers echo what they are sent, in whatever
 * form they have it at hand.
 */
export function createRedact({ token, clientId, clientSecret }: Sensitive): Redact {
  const basic = [`${clientId}:${clientSecret}`, `${form(clientId)}:${form(clientSecret)}`];
  const forms = [
    ...formsOf(token),
    ...formsOf(clientSecret),
    ...(clientId.length < MIN_IDENTIFIER ? [] : formsOf(clientId)),
    ...basic.flatMap(base64),
  ];
  // The longest first: one form may begin with another.
  const needles = [...new Set(forms)]
    .filter((needle) => needle !== '')
    .toSorted((a, b) => b.length - a.length)
    .map((needle) => needle.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  const pattern = new RegExp(needles.join('|'), 'g');
  return (text) => text.replaceAll(pattern, '[redacted]');
}

function formsOf(secret: string): string[] {
  const encoded = [encodeURIComponent(secret), encodeURI(secret), form(secret)];
  const lowerCase = encoded.map((text) => text.replaceAll(/%../g, (hex) => hex.toLowerCase()));
  const json = JSON.stringify(secret).slice(1, -1);
  return [secret, json, ...encoded, ...lowerCase, ...base64(secret)];
}

function form(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

function base64(text: string): string[] {
  const bytes = Buffer.from(text);
  const padded = bytes.toString('base64');
  return [padded, padded.replace(/=+$/, ''), bytes.toString('base64url')];
}
