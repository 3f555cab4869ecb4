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

/** The part of an ARN after the account; other types have their logical id alone. */
const ARN_RESOURCES: Readonly<Record<string, string>> = {
  'AWS::Lambda::Function': 'function:',
  'AWS::SecretsManager::Secret': 'secret:',
  'AWS::StepFunctions::StateMachine': 'stateMachine:',
  'AWS::DynamoDB::Table': 'table/',
  'AWS::DynamoDB::GlobalTable': 'table/',
  'AWS::IAM::Role': 'role/',
  'AWS::Logs::LogGroup': 'log-group:',
};

const ARN_SERVICES: Readonly<Record<string, string>> = { StepFunctions: 'states' };

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
    const { Resources = {}, Parameters = {} } = templates.get(stack) ?? {};
    const resource = Resources[name];
    if (resource?.Type === 'AWS::Lambda::Alias' || resource?.Type === 'AWS::Lambda::Version') {
      return `${String(resolve(resource.Properties?.['FunctionName'], stack))}:${name}`;
    }
    if (resource !== undefined) return refOf(name, resource.Type);
    if (name in Parameters) return Parameters[name]?.Default;
    throw new Error(`${stack}: nothing is named ${name}`);
  }

  function attribute(name: string, attributeName: string, stack: string): string {
    const resource = templates.get(stack)?.Resources?.[name];
    if (resource === undefined) throw new Error(`${stack}: nothing is named ${name}`);
    if (attributeName.endsWith('Arn')) return arnOf(name, resource.Type);
    return `${refOf(name, resource.Type)}.${attributeName}`;
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

function arnOf(logicalId: string, type: string): string {
  if (type === 'AWS::S3::Bucket') return `arn:aws:s3:::${refOf(logicalId, type)}`;
  const [, service = ''] = type.split('::');
  const name = ARN_SERVICES[service] ?? service.toLowerCase();
  const resource = `${ARN_RESOURCES[type] ?? ''}${logicalId}`;
  return `arn:aws:${name}:${LOCAL_REGION}:${LOCAL_ACCOUNT}:${resource}`;
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
