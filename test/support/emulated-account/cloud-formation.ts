import { stackId, stackNameIn } from './stack-id.ts';
import { type AccountState, type AwsAnswer, type AwsCall, xml, xmlError } from './state.ts';

/** @see https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html */
export function answerCloudFormation({ body }: AwsCall, state: AccountState): AwsAnswer {
  if (state.denied === 'DescribeStacks') return xmlError('AccessDenied', 'not authorized');
  const name = stackNameIn(new URLSearchParams(body));
  const stack = state.stacks.find((one) => one.name === name);
  if (stack === undefined) {
    return xmlError('ValidationError', `Stack with id ${name} does not exist`);
  }
  const outputs = Object.entries(stack.outputs).map(([key, value]) => {
    const description = stack.descriptions?.[key];
    const described = description === undefined ? '' : `<Description>${description}</Description>`;
    return `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue>${described}</member>`;
  });
  const member =
    `<StackId>${stackId(name, state)}</StackId><StackName>${name}</StackName><StackStatus>${stack.status}</StackStatus>` +
    `<EnableTerminationProtection>${stack.isProtected === true}</EnableTerminationProtection>` +
    `<CreationTime>2026-01-01T00:00:00Z</CreationTime><Outputs>${outputs.join('')}</Outputs>`;
  return xml(
    200,
    `<DescribeStacksResponse><DescribeStacksResult><Stacks><member>${member}</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`,
  );
}
