import type { Template } from 'aws-cdk-lib/assertions';

/** What a join makes of a text and references, written as `${name}`. */
function joined(value: unknown): string {
  const { 'Fn::Join': [separator, parts] = ['', [value]] } = value as {
    'Fn::Join'?: [string, unknown[]];
  };
  return parts
    .map((part) => (typeof part === 'string' ? part : `\${${(part as { Ref: string }).Ref}}`))
    .join(separator);
}

/** The values of the partners' API keys, references written as `${name}`. */
export function usageKeysOf(template: Template): string[] {
  return Object.values(template.findResources('AWS::ApiGateway::ApiKey')).map((key) =>
    joined((key['Properties'] as { Value: unknown }).Value),
  );
}
