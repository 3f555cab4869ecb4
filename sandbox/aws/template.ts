import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lazy } from '../../lambda/platform/util.ts';
import { arnOf, LOCAL_REGION, PSEUDO_PARAMETERS, refOf } from './local-names.ts';

interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

interface StackTemplate {
  readonly Resources?: Readonly<Record<string, TemplateResource>>;
  readonly Outputs?: Readonly<Record<string, { Value: unknown; Export?: { Name: unknown } }>>;
  readonly Parameters?: Readonly<Record<string, { Default?: unknown }>>;
  readonly Conditions?: Readonly<Record<string, unknown>>;
  readonly Mappings?: Readonly<Record<string, Record<string, Record<string, unknown>>>>;
}

/** One resource whose properties have been resolved. */
export interface Resource {
  readonly logicalId: string;
  readonly stack: string;
  readonly type: string;
  /** What `Ref` gives, and the ARN where the resource has one. */
  readonly ref: string;
  readonly arn: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** What is needed of `cx_api.CloudAssembly`. */
export interface Assembly {
  readonly directory: string;
  readonly stacks: readonly {
    readonly stackName: string;
    readonly artifactId?: string;
    readonly id?: string;
    readonly template: unknown;
  }[];
}

/** The templates of an assembly, all stacks together, with intrinsic functions resolved. */
export interface ResolvedTemplate {
  ofType(type: string): readonly Resource[];
  find(arnOrRef: string): Resource | undefined;
  /** Where the assembly keeps the asset that a template names by an S3 key `<hash>.<ext>`. */
  assetPath(s3Key: string): string;
}

/**
 * Resolves what CloudFormation would resolve, with plausible local values for what only a
 * deployment knows. What cannot be resolved stops the sandbox, since a guess would hide a fault.
 *
 * @throws Error naming the intrinsic function or the reference.
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
 */
export function resolveTemplate(assembly: Assembly): ResolvedTemplate {
  const templates = new Map(
    assembly.stacks.map(({ stackName, template }) => [stackName, template as StackTemplate]),
  );
  const resources: Resource[] = [];
  for (const [stack, template] of templates) {
    for (const [logicalId, { Type, Properties }] of Object.entries(template.Resources ?? {})) {
      const properties = lazy(() => resolve(Properties ?? {}, stack) as Resource['properties']);
      resources.push({
        logicalId,
        stack,
        type: Type,
        ref: refOf(logicalId, Type),
        arn: arnOf(logicalId, Type),
        get properties() {
          return properties();
        },
      });
    }
  }
  const assets = assetsOf(assembly);

  function resolve(value: unknown, stack: string): unknown {
    if (Array.isArray(value)) {
      return value.map((item) => resolve(item, stack)).filter((item) => item !== undefined);
    }
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const [first] = entries;
    if (entries.length === 1 && first !== undefined) {
      const [key, argument] = first;
      if (key === 'Ref') return reference(String(argument), stack);
      if (key === 'Condition' || key.startsWith('Fn::')) return intrinsic(key, argument, stack);
    }
    const resolved = entries.map(([key, item]) => [key, resolve(item, stack)] as const);
    return Object.fromEntries(resolved.filter(([, item]) => item !== undefined));
  }

  function reference(name: string, stack: string): unknown {
    if (name === 'AWS::NoValue') return undefined;
    const pseudo = PSEUDO_PARAMETERS[name];
    if (pseudo !== undefined) return pseudo;
    if (name === 'AWS::StackName') return stack;
    const template = templates.get(stack);
    const resource = template?.Resources?.[name];
    if (resource?.Type === 'AWS::Lambda::Alias' || resource?.Type === 'AWS::Lambda::Version') {
      return `${String(resolve(resource.Properties?.['FunctionName'], stack))}:${name}`;
    }
    if (resource !== undefined) return refOf(name, resource.Type);
    const parameter = template?.Parameters?.[name];
    if (parameter !== undefined) return parameter.Default;
    throw new Error(`${stack}: nothing is named ${name}`);
  }

  function attribute(name: string, attributeName: string, stack: string): string {
    const resource = templates.get(stack)?.Resources?.[name];
    if (resource === undefined) throw new Error(`${stack}: nothing is named ${name}`);
    if (attributeName.endsWith('Arn')) return arnOf(name, resource.Type);
    return `${refOf(name, resource.Type)}.${attributeName}`;
  }

  function intrinsic(key: string, argument: unknown, stack: string): unknown {
    if (key === 'Fn::GetAtt') {
      const parts = typeof argument === 'string' ? argument.split('.') : (argument as string[]);
      return attribute(parts[0] ?? '', parts.slice(1).join('.'), stack);
    }
    if (key === 'Fn::Sub') return substituted(argument, stack);
    if (key === 'Fn::If') {
      const [condition, yes, no] = argument as [string, unknown, unknown];
      return resolve(holds(condition, stack) ? yes : no, stack);
    }
    const resolved = resolve(argument, stack);
    const list = resolved as readonly unknown[];
    switch (key) {
      case 'Fn::Join':
        return (list[1] as unknown[]).join(String(list[0]));
      case 'Fn::Select':
        return (list[1] as unknown[])[Number(list[0])];
      case 'Fn::Split':
        return String(list[1]).split(String(list[0]));
      case 'Fn::Base64':
        return Buffer.from(String(resolved)).toString('base64');
      case 'Fn::GetAZs':
        return [`${LOCAL_REGION}a`, `${LOCAL_REGION}b`];
      case 'Fn::FindInMap':
        return templates.get(stack)?.Mappings?.[String(list[0])]?.[String(list[1])]?.[
          String(list[2])
        ];
      case 'Fn::ImportValue':
        return imported(String(resolved));
      case 'Fn::GetStackOutput':
        return stackOutput(resolved as { StackName: string; OutputName: string });
      case 'Fn::Equals':
        return list[0] === list[1];
      case 'Fn::Not':
        return list[0] !== true;
      case 'Fn::And':
        return list.every((item) => item === true);
      case 'Fn::Or':
        return list.includes(true);
      case 'Condition':
        // Beside its use as a function, IAM policies have a key of this name.
        return typeof resolved === 'string' ? holds(resolved, stack) : { Condition: resolved };
      default:
        throw new Error(`${stack}: the sandbox cannot resolve ${key}`);
    }
  }

  function substituted(argument: unknown, stack: string): string {
    const [text, values] = (Array.isArray(argument) ? argument : [argument, {}]) as [
      string,
      Record<string, unknown>,
    ];
    return text.replace(/\$\{([^!}]+)\}/g, (_whole, name: string) => {
      if (name in values) return String(resolve(values[name], stack));
      const [id = '', ...rest] = name.split('.');
      return String(
        rest.length === 0 ? reference(id, stack) : attribute(id, rest.join('.'), stack),
      );
    });
  }

  function holds(condition: string, stack: string): boolean {
    return resolve(templates.get(stack)?.Conditions?.[condition] ?? false, stack) === true;
  }

  function imported(name: string): unknown {
    for (const [stack, template] of templates) {
      for (const { Value, Export } of Object.values(template.Outputs ?? {})) {
        if (Export !== undefined && resolve(Export.Name, stack) === name)
          return resolve(Value, stack);
      }
    }
    throw new Error(`no stack exports ${name}`);
  }

  function stackOutput({
    StackName,
    OutputName,
  }: {
    StackName: string;
    OutputName: string;
  }): unknown {
    const output = templates.get(StackName)?.Outputs?.[OutputName];
    if (output === undefined) throw new Error(`${StackName} has no output ${OutputName}`);
    return resolve(output.Value, StackName);
  }

  return {
    ofType: (type) => resources.filter((resource) => resource.type === type),
    find: (name) => resources.find(({ ref, arn }) => ref === name || arn === name),
    assetPath(s3Key) {
      const path = assets.get(s3Key.replace(/\.[a-z]+$/, ''));
      if (path === undefined) throw new Error(`the assembly has no asset ${s3Key}`);
      return join(assembly.directory, path);
    },
  };
}

function assetsOf({ directory, stacks }: Assembly): Map<string, string> {
  const found = new Map<string, string>();
  for (const { artifactId, id, stackName } of stacks) {
    const manifest = join(directory, `${artifactId ?? id ?? stackName}.assets.json`);
    const { files } = JSON.parse(readFileSync(manifest, 'utf8')) as {
      files?: Record<string, { source: { path?: string } }>;
    };
    for (const [hash, { source }] of Object.entries(files ?? {})) {
      if (source.path !== undefined) found.set(hash, source.path);
    }
  }
  return found;
}
