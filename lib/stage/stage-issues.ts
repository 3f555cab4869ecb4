import { type JSONVisitor, visit } from 'jsonc-parser';

/** One mistake in a stage config. */
export interface StageIssue {
  /** Where it is: the keys and indices from the top down. */
  readonly path: readonly PropertyKey[];
  /** What should stand there, or what to do. */
  readonly expected: string;
}

const SECRET_NAME = /secret|passw|passphrase|token|credential|private|api_?key/i;
/** `secretArn` and `tokenUrl` say where something is, and are no secrets themselves. */
const ADDRESS_NAME = /(?:Arn|Url|Uri)$/;
const LONGEST = 60;

/**
 * One line for each issue: path, value, what was expected. A stage config holds no secrets, but
 * somebody may put one there by mistake, and this text ends in build logs. So a value that may be
 * secret is not shown.
 *
 * @param file what to call the config
 */
export function describeIssues(
  file: string,
  input: unknown,
  issues: readonly StageIssue[],
): string {
  const firstByPath = new Map(issues.toReversed().map((issue) => [pathText(issue.path), issue]));
  const lines = [...firstByPath].toReversed().map(([path, issue]) => {
    const value = issue.path.reduce<unknown>(child, input);
    const seen = value === undefined ? 'is missing' : `is ${show(value, issue.path)}`;
    return `  ${path} ${seen}; expected ${issue.expected}`;
  });
  const number = lines.length === 1 ? '1 thing' : `${lines.length} things`;
  return `${file} has ${number} to correct:\n${lines.join('\n')}`;
}

/** `value` as short JSON, without the content of objects and lists and without secrets. */
export function show(value: unknown, path: readonly PropertyKey[] = []): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value !== 'string') return JSON.stringify(value);
  const isUrl = /^https?:\/\//i.test(value);
  const isAddress = isUrl || value.startsWith('arn:') || ADDRESS_NAME.test(String(path.at(-1)));
  if (!isAddress && path.some((key) => SECRET_NAME.test(String(key)))) return 'not shown';
  const open = isUrl ? withoutSecrets(value) : value;
  return JSON.stringify(open.length > LONGEST ? `${open.slice(0, LONGEST)}…` : open);
}

/**
 * An issue for each key that stands twice in one object: `JSON.parse` would silently keep the last.
 *
 * @param json the text of a stage config, valid JSON
 */
export function repeatedKeys(json: string): StageIssue[] {
  /** The keys of each object that is open at this place, the innermost last. */
  const open: Set<string>[] = [];
  const issues: StageIssue[] = [];
  visit(json, {
    onObjectBegin() {
      open.push(new Set());
    },
    onObjectEnd() {
      open.pop();
    },
    onObjectProperty(name, _offset, _length, line, _column, pathSupplier) {
      const keys = open.at(-1);
      const expected = `the key once; it stands again on line ${line + 1}`;
      if (keys?.has(name) === true) issues.push({ path: [...pathSupplier(), name], expected });
      keys?.add(name);
    },
  });
  return issues;
}

/**
 * The first place where a text is not JSON, and what is wrong there, without the text itself, which
 * may be a secret. `JSON.parse` names no place at the end of the text.
 */
export function placeOfError(json: string): string {
  const places: string[] = [];
  const onError: JSONVisitor['onError'] = (code, offset) => {
    const rest = json.slice(offset);
    // A closing bracket is wrong after a comma: the comma is what has to go.
    const comma = /^[}\]]/.test(rest) ? json.slice(0, offset).search(/,\s*$/) : -1;
    const before = json.slice(0, comma === -1 ? offset : comma).split('\n');
    const place = `line ${before.length} column ${(before.at(-1)?.length ?? 0) + 1}`;
    places.push(` (${place}): ${comma === -1 ? wrongAt(code, rest) : TRAILING_COMMA}`);
  };
  visit(json, { onError }, { disallowComments: true });
  return places[0] ?? '';
}

const TRAILING_COMMA = 'a comma stands before a closing bracket; remove it';
/** As jsonc-parser's `ParseErrorCode`, a const enum, has them. */
const COLON_EXPECTED = 5;
const COMMA_EXPECTED = 6;
/** From here on the codes are about what is within a text. */
const BROKEN_TEXT = 12;

function wrongAt(code: number, rest: string): string {
  if (rest === '') return 'the text ends too soon';
  if (/^\/[/*]/.test(rest)) return 'a comment stands there; JSON has none';
  if (rest.startsWith("'")) return "a ' stands there; JSON has double quotes alone";
  if (code === COLON_EXPECTED) return 'a colon is missing before it';
  if (code === COMMA_EXPECTED) return 'a comma is missing before it';
  if (code >= BROKEN_TEXT)
    return 'the text there does not end, or has a bad \\ or line break in it';
  const [mark] = /^[^\w\s"]/.exec(rest) ?? [];
  return `${mark === undefined ? 'a word' : `a ${mark}`} stands there, where none can be`;
}

function withoutSecrets(url: string): string {
  return url
    .replace(/\/\/[^/?#]*@/, '//[hidden]@')
    .replace(/[?#].*$/s, (rest) => `${rest[0]}[hidden]`);
}

function child(value: unknown, key: PropertyKey): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<PropertyKey, unknown>)[key];
}

function pathText(path: readonly PropertyKey[]): string {
  const text = path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('');
  return text === '' ? '(the whole file)' : text.replace(/^\./, '');
}
