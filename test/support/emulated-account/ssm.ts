import { type AccountState, type AwsAnswer, type AwsCall, json } from './state.ts';

/**
 * The parameter with the version of the bootstrap.
 *
 * @see https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
 */
export function answerParameter({ body }: AwsCall, { stacks }: AccountState): AwsAnswer {
  const { Name } = JSON.parse(body) as { readonly Name: string };
  const toolkit = stacks.find(({ name }) => name === 'CDKToolkit');
  const Value = toolkit?.outputs['BootstrapVersion'];
  return Value === undefined || Name !== '/cdk-bootstrap/hnb659fds/version'
    ? json(400, { __type: 'ParameterNotFound' })
    : json(200, { Parameter: { Name, Value, Type: 'String' } });
}
