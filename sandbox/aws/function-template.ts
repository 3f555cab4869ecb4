import { LOCAL_REGION } from './local-names.ts';
import type { ResolvedTemplate, Resource } from './template.ts';

/** A function as the template describes it. */
export interface FunctionSpec {
  readonly name: string;
  readonly arn: string;
  /** The folder of its bundle. */
  readonly codePath: string;
  /** `<file>.<export>` */
  readonly handler: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  /** `ReservedConcurrentExecutions`, where the template has it. */
  readonly reservedConcurrency?: number;
}

/** The functions of the templates by ARN; `extraEnvironment` is what Lambda itself would add. */
export function readFunctions(
  template: ResolvedTemplate,
  extraEnvironment: Readonly<Record<string, string>>,
): Map<string, FunctionSpec> {
  return new Map(
    template.ofType('AWS::Lambda::Function').map((resource) => {
      const codePath = template.assetPath(
        (resource.properties as unknown as FunctionProperties).Code.S3Key,
      );
      return [resource.arn, readFunction(resource, codePath, extraEnvironment)];
    }),
  );
}

interface FunctionProperties {
  readonly Code: { readonly S3Key: string };
  readonly Handler: string;
  readonly Environment?: { readonly Variables?: Readonly<Record<string, string>> };
  readonly MemorySize?: number;
  readonly Timeout?: number;
  readonly ReservedConcurrentExecutions?: number;
}

function readFunction(
  { ref, arn, properties }: Resource,
  codePath: string,
  extraEnvironment: Readonly<Record<string, string>>,
): FunctionSpec {
  const {
    Handler: handler,
    Environment: environment,
    MemorySize: memoryMb = 128,
    Timeout: timeoutSeconds = 3,
    ReservedConcurrentExecutions: reservedConcurrency,
  } = properties as unknown as FunctionProperties;
  return {
    name: ref,
    arn,
    codePath,
    handler,
    environment: {
      ...environment?.Variables,
      AWS_REGION: LOCAL_REGION,
      AWS_DEFAULT_REGION: LOCAL_REGION,
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      AWS_LAMBDA_FUNCTION_NAME: ref,
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      LAMBDA_TASK_ROOT: codePath,
      _HANDLER: handler,
      TZ: ':UTC',
      ...extraEnvironment,
    },
    timeoutSeconds,
    memoryMb,
    ...(reservedConcurrency === undefined ? {} : { reservedConcurrency }),
  };
}
