import { type AccountState, type AwsAnswer, xml } from './state.ts';

/** @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRouteTables.html */
export function answerEc2(asked: URLSearchParams, state: AccountState): AwsAnswer {
  const action = asked.get('Action') ?? '';
  if (state.denied === 'ec2') return error('UnauthorizedOperation', 'not authorized');
  switch (action) {
    case 'DescribeSubnets': {
      const ids = [...asked].flatMap(([key, id]) => (key.startsWith('SubnetId.') ? [id] : []));
      const unknown = ids.find((id) => !state.routes.has(id));
      if (unknown !== undefined) return error('InvalidSubnetID.NotFound', `no ${unknown}`);
      const items = ids.map((id) => `<subnetId>${id}</subnetId><vpcId>vpc-1</vpcId>`);
      return answer(action, 'subnetSet', items);
    }
    case 'DescribeRouteTables':
      return answer(action, 'routeTableSet', [
        table('<main>true</main>', undefined),
        ...[...state.routes].map(([id, target]) => table(`<subnetId>${id}</subnetId>`, target)),
      ]);
    default: {
      const items = state.endpoints.map(
        (service) =>
          `<vpcId>vpc-1</vpcId><serviceName>com.amazonaws.${state.region}.${service}</serviceName>`,
      );
      return answer(action, 'vpcEndpointSet', items);
    }
  }
}

function table(association: string, target: string | undefined): string {
  const kind = target?.startsWith('nat-') === true ? 'natGatewayId' : 'gatewayId';
  const state = target === 'nat-gone' ? 'blackhole' : 'active';
  const routes =
    target === undefined
      ? ''
      : `<item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><${kind}>${target}</${kind}><state>${state}</state></item>`;
  return `<vpcId>vpc-1</vpcId><associationSet><item>${association}</item></associationSet><routeSet>${routes}</routeSet>`;
}

function answer(action: string, set: string, items: readonly string[]): AwsAnswer {
  const inner = items.map((item) => `<item>${item}</item>`).join('');
  return xml(200, `<${action}Response><${set}>${inner}</${set}></${action}Response>`);
}

function error(code: string, message: string): AwsAnswer {
  const inner = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return xml(400, `<Response><Errors>${inner}</Errors><RequestID>r</RequestID></Response>`);
}
