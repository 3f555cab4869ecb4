/** One thing that is wrong in a stage config. */
export interface ConfigIssue {
  /** Where: the keys and indices from the top down. */
  readonly path: readonly PropertyKey[];
  /** What should stand there, or what to do. */
  readonly expected: string;
}

const UNSHOWN_NAME = /secret|passw|passphrase|token|credential|private|api_?key/i;
/** Where a secret is, as in `secretArn` and `tokenUrl`, is none itself. */
const ADDRESS_NAME = /(?:Arn|Url|Uri)$/;
const LONGEST = 60;

/**
 * Names each issue in a line: path, value, what was expected. A stage config holds no secrets, but
 * somebody may put one there by mistake, and this text ends in build logs; so what may be one is
 * not shown.
 *
 * @param file what to call the config
 */
export function describeIssues(
  file: string,
  input: unknown,
  issues: readonly ConfigIssue[],
): string {
  const byPath = new Map(issues.toReversed().map((issue) => [pathText(issue.path), issue]));
  const lines = [...byPath].toReversed().map(([path, issue]) => {
    const value = issue.path.reduce<unknown>(child, input);
    const seen = value === undefined ? 'is missing' : `is ${show(value, issue.path)}`;
    return `  ${path} ${seen}; expected ${issue.expected}`;
  });
  const number = lines.length === 1 ? '1 thing' : `${lines.length} things`;
  return `${file} has ${number} to correct:\n${lines.join('\n')}`;
}

/** `value` as JSON, short; what may be secret, and what is in objects, is left out. */
export function show(value: unknown, path: readonly PropertyKey[] = []): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value !== 'string') return JSON.stringify(value);
  const isArn = value.startsWith('arn:');
  const isUrl = /^https?:\/\//i.test(value);
  const isAddress = isArn || isUrl || ADDRESS_NAME.test(String(path.at(-1)));
  if (!isAddress && path.some((key) => UNSHOWN_NAME.test(String(key)))) return 'not shown';
  const open = isUrl ? withoutSecrets(value) : value;
  return JSON.stringify(open.length > LONGEST ? `${open.slice(0, LONGEST)}…` : open);
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
