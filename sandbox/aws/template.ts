import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Plausible values for what only a deployment knows. */
export const LOCAL_REGION = 'us-east-1';
export const LOCAL_ACCOUNT = '000000000000';

const PSEUDO_PARAMETERS: Readonly<Record<string, string>> = {
  'AWS::Region': LOCAL_REGION,
  'AWS::AccountId': LOCAL_ACCOUNT,
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
};

/** `Ref` gives the ARN of these, and the logical id of all others. */
const REF_IS_ARN = new Set(['AWS::SecretsManager::Secret', 'AWS::StepFunctions::StateMachine']);

/** Service and kind in an ARN; those of other types have the service's name and the logical id. */
const ARN_PARTS: Readonly<Record<string, readonly [service: string, kind: string]>> = {
  'AWS::Lambda::Function': ['lambda', 'function:'],
  'AWS::SecretsManager::Secret': ['secretsmanager', 'secret:'],
  'AWS::StepFunctions::StateMachine': ['states', 'stateMachine:'],
};

interface StackTemplate {
  readonly Resources?: Readonly<
    Record<string, { readonly Type: string; readonly Properties?: Resource['properties'] }>
  >;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown }>>;
  readonly Parameters?: Readonly<Record<string, { readonly Default?: unknown }>>;
}

interface StackOutput {
  readonly StackName: string;
  readonly OutputName: string;
}

/** A resource, its properties resolved. */
export interface Resource {
  readonly logicalId: string;
  readonly type: string;
  /** What `Ref` gives. */
  readonly ref: string;
  readonly arn: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** The parts of a `cx_api.CloudAssembly` that are read here. */
export interface Assembly {
  readonly directory: string;
  readonly stacks: readonly {
    readonly stackName: string;
    readonly id: string;
    readonly template: unknown;
  }[];
}

/** The templates of all stacks together, intrinsic functions resolved. */
export interface ResolvedTemplate {
  ofType(type: string): readonly Resource[];
  /** @throws Error where there is not exactly one */
  only(type: string): Resource;
  find(arnOrRef: string): Resource | undefined;
  /** The path of the asset that a template names by an S3 key `<hash>.<ext>`. */
  assetPath(s3Key: string): string;
}

/**
 * Resolves what CloudFormation would resolve. An intrinsic function that is not known here throws
 * when the property that holds it is read: a guess would hide a mistake.
 *
 * @throws Error naming the intrinsic function or the reference
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
 */
export function resolveTemplate(assembly: Assembly): ResolvedTemplate {
  const templates = new Map(
    assembly.stacks.map(({ stackName, template }) => [stackName, template as StackTemplate]),
  );
  const resources = [...templates].flatMap(([stack, { Resources = {} }]) =>
    Object.entries(Resources).map(([logicalId, { Type, Properties = {} }]) => {
      let resolved: Resource['properties'] | undefined;
      return {
        stack,
        logicalId,
        type: Type,
        ref: refOf(logicalId, Type),
        arn: arnOf(logicalId, Type),
        get properties() {
          resolved ??= resolve(Properties, stack) as Resource['properties'];
          return resolved;
        },
      };
    }),
  );
  const assets = assetsOf(assembly);
  const named = (name: string, stack: string) =>
    resources.find((one) => one.stack === stack && one.logicalId === name);

  function resolve(value: unknown, stack: string): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) {
      return value.map((item) => resolve(item, stack)).filter((item) => item !== undefined);
    }
    const entries = Object.entries(value);
    const [[key, argument] = ['', undefined]] = entries;
    if (entries.length === 1 && key === 'Ref') return reference(String(argument), stack);
    if (entries.length === 1 && key.startsWith('Fn::')) return intrinsic(key, argument, stack);
    const resolved = entries.map(([name, item]) => [name, resolve(item, stack)] as const);
    return Object.fromEntries(resolved.filter(([, item]) => item !== undefined));
  }

  function reference(name: string, stack: string): unknown {
    if (name === 'AWS::NoValue') return undefined;
    if (name === 'AWS::StackName') return stack;
    const pseudo = PSEUDO_PARAMETERS[name];
    if (pseudo !== undefined) return pseudo;
    const resource = named(name, stack);
    if (/^AWS::Lambda::(?:Alias|Version)$/.test(resource?.type ?? '')) {
      return `${String(resource?.properties['FunctionName'])}:${name}`;
    }
    if (resource !== undefined) return resource.ref;
    const { Parameters = {} } = templates.get(stack) ?? {};
    if (name in Parameters) return Parameters[name]?.Default;
    throw new Error(`${stack}: nothing is named ${name}`);
  }

  function attribute(name: string, attributeName: string, stack: string): string {
    const resource = named(name, stack);
    if (resource === undefined) throw new Error(`${stack}: nothing is named ${name}`);
    return attributeName.endsWith('Arn') ? resource.arn : `${resource.ref}.${attributeName}`;
  }

  function intrinsic(key: string, argument: unknown, stack: string): unknown {
    if (key === 'Fn::Sub') return substituted(argument, stack);
    const resolved = resolve(argument, stack);
    if (key === 'Fn::GetStackOutput') return stackOutput(resolved as StackOutput);
    const [first, second] = resolved as readonly [unknown, unknown];
    switch (key) {
      case 'Fn::GetAtt':
        return attribute(String(first), String(second), stack);
      case 'Fn::Join':
        return (second as unknown[]).join(String(first));
      case 'Fn::Select':
        return (second as unknown[])[Number(first)];
      case 'Fn::Split':
        return String(second).split(String(first));
      default:
        throw new Error(`${stack}: the sandbox cannot resolve ${key}`);
    }
  }

  function substituted(argument: unknown, stack: string): string {
    const [text, values] = [argument, {}].flat() as [string, Record<string, unknown>];
    return text.replace(/\$\{([^!}]+)\}/g, (_whole, name: string) => {
      const [id = '', attributeName] = name.split('.');
      if (name in values) return String(resolve(values[name], stack));
      return String(
        attributeName === undefined ? reference(id, stack) : attribute(id, attributeName, stack),
      );
    });
  }

  function stackOutput({ StackName, OutputName }: StackOutput): unknown {
    const output = templates.get(StackName)?.Outputs?.[OutputName];
    if (output === undefined) throw new Error(`${StackName} has no output ${OutputName}`);
    return resolve(output.Value, StackName);
  }

  const ofType = (type: string) => resources.filter((resource) => resource.type === type);
  return {
    ofType,
    only(type) {
      const [found, ...others] = ofType(type);
      if (found !== undefined && others.length === 0) return found;
      throw new Error(`the sandbox needs exactly one ${type}`);
    },
    find: (name) => resources.find(({ ref, arn }) => ref === name || arn === name),
    assetPath(s3Key) {
      const path = assets.get(s3Key.replace(/\.[a-z]+$/, ''));
      if (path === undefined) throw new Error(`the assembly has no asset ${s3Key}`);
      return join(assembly.directory, path);
    },
  };
}

function arnOf(logicalId: string, type: string): string {
  if (type === 'AWS::S3::Bucket') return `arn:aws:s3:::${refOf(logicalId, type)}`;
  const [service, kind] = ARN_PARTS[type] ?? [type.split('::')[1]?.toLowerCase(), ''];
  return `arn:aws:${service}:${LOCAL_REGION}:${LOCAL_ACCOUNT}:${kind}${logicalId}`;
}

function refOf(logicalId: string, type: string): string {
  if (REF_IS_ARN.has(type)) return arnOf(logicalId, type);
  // Bucket names have no capital letters.
  return type === 'AWS::S3::Bucket' ? logicalId.toLowerCase() : logicalId;
}

/** The path of each asset, by its hash. */
function assetsOf({ directory, stacks }: Assembly): Map<string, string> {
  const manifests = stacks.map(({ id }) => {
    const text = readFileSync(join(directory, `${id}.assets.json`), 'utf8');
    return JSON.parse(text) as { files?: Record<string, { source: { path?: string } }> };
  });
  return new Map(
    manifests.flatMap(({ files = {} }) =>
      Object.entries(files).flatMap(([hash, { source }]) =>
        source.path === undefined ? [] : [[hash, source.path] as const],
      ),
    ),
  );
}
