/** An attribute as filters and account rules write it: `name:value`, split at the first colon. */
export interface Attribute {
  readonly name: string;
  readonly value: string;
}

/** Whether the value is one of these. */
export function oneOf(wanted: readonly string[]): (value: string | null | undefined) => boolean {
  const set: ReadonlySet<string | null | undefined> = new Set(wanted);
  return (value) => set.has(value);
}

/** Whether all of these pairs are among the attributes. */
export function allPairs(pairs: readonly string[]): (attributes: readonly Attribute[]) => boolean {
  const wanted = [...new Set(pairs)].map(splitPair);
  return (attributes) => wanted.every((pair) => has(attributes, pair));
}

/** Whether one of these pairs is among the attributes. */
export function anyPair(pairs: readonly string[]): (attributes: readonly Attribute[]) => boolean {
  const wanted = pairs.map(splitPair);
  return (attributes) => wanted.some((pair) => has(attributes, pair));
}

function splitPair(pair: string): Attribute {
  const colon = pair.indexOf(':');
  return { name: pair.slice(0, colon), value: pair.slice(colon + 1) };
}

function has(attributes: readonly Attribute[], pair: Attribute): boolean {
  return attributes.some(({ name, value }) => name === pair.name && value === pair.value);
}
