/** As much of a CloudFormation template as is read here. */
export interface CfnTemplate {
  readonly Resources: Readonly<Record<string, CfnTemplateResource>>;
}

export interface CfnTemplateResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DependsOn?: string | readonly string[];
  readonly DeletionPolicy?: string;
}

/**
 * For each resource, which others CloudFormation has surely made before it: those that it refers to
 * or depends on, and theirs. Whatever else the template holds may be made at the same time.
 */
export function madeBefore({ Resources }: CfnTemplate): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  const collect = (id: string): Set<string> => {
    const known = found.get(id);
    if (known !== undefined) return known;
    const before = new Set<string>();
    found.set(id, before);
    const { Properties, DependsOn = [] } = Resources[id] ?? { Type: '' };
    for (const next of [...referencesIn(Properties), ...[DependsOn].flat()]) {
      if (Resources[next] === undefined) continue;
      before.add(next);
      for (const one of collect(next)) before.add(one);
    }
    return before;
  };
  for (const id of Object.keys(Resources)) collect(id);
  return found;
}

/** The logical ids that a value refers to. */
function referencesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === 'Ref') return [String(inner)];
    if (key === 'Fn::GetAtt') return [String(inner).split(/[.,]/, 1)[0] ?? ''];
    return referencesIn(inner);
  });
}

/** Texts in a value as AWS would see them, but for references: those stand as `${LogicalId}`. */
export function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  if (typeof value !== 'object' || value === null) return [];
  const { 'Fn::Join': join, 'Fn::GetAtt': attribute, Ref: reference } = value as CfnValue;
  if (reference !== undefined) return [`\${${reference}}`];
  if (attribute !== undefined) return [`\${${attribute.join('.')}}`];
  if ('Fn::GetStackOutput' in value) return ["${another stack's}"];
  if (join !== undefined) return [join[1].flatMap(textsIn).join(join[0])];
  return Object.values(value).flatMap(textsIn);
}

/** The scopes that a resource server defines; none of any other resource. */
export function scopesOf({ Type, Properties = {} }: CfnTemplateResource): string[] {
  if (Type !== 'AWS::Cognito::UserPoolResourceServer') return [];
  const scopes = Properties['Scopes'] as readonly { readonly ScopeName: string }[];
  return scopes.map(({ ScopeName }) => `${String(Properties['Identifier'])}/${ScopeName}`);
}

interface CfnValue {
  readonly Ref?: string;
  readonly 'Fn::GetAtt'?: readonly string[];
  readonly 'Fn::Join'?: readonly [string, readonly unknown[]];
}
