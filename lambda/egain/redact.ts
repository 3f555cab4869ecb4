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
