import {
  DescribeRouteTablesCommand,
  DescribeSubnetsCommand,
  DescribeVpcEndpointsCommand,
  type Route,
  type RouteTable,
  type RouteTableAssociation,
} from '@aws-sdk/client-ec2';
import type { StageConfig } from '../../lib/stage/stage-config.ts';
import type { Aws } from '../aws/clients.ts';
import { type Finding, failed, ok } from '../findings.ts';

type Vpc = NonNullable<StageConfig['functions']['vpc']>;

/** The actions that the check needs. */
export const NETWORK_RIGHTS =
  'ec2:DescribeSubnets, ec2:DescribeRouteTables and ec2:DescribeVpcEndpoints';

/** What functions ask beside eGain and the issuer, by the ends of the endpoints' names. */
const SERVICES = ['secretsmanager', 'dynamodb', 'logs'];

/**
 * Whether functions in these subnets get out: eGain takes a default route to a NAT gateway, or to
 * something of the network's own; AWS takes that route, or endpoints in the VPC.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html
 */
export async function checkNetwork(aws: Aws, { subnetIds }: Vpc): Promise<Finding<never>> {
  const { Subnets = [] } = await aws.ec2.send(
    new DescribeSubnetsCommand({ SubnetIds: [...subnetIds] }),
  );
  const vpcIds = [...new Set(Subnets.map(({ VpcId = '' }) => VpcId))];
  const Filters = [{ Name: 'vpc-id', Values: vpcIds }];
  const { RouteTables = [] } = await aws.ec2.send(new DescribeRouteTablesCommand({ Filters }));
  const { VpcEndpoints = [] } = await aws.ec2.send(new DescribeVpcEndpointsCommand({ Filters }));

  const problems = Subnets.flatMap(({ SubnetId = '', VpcId = '' }) => {
    const route = defaultRoute(RouteTables, SubnetId, VpcId);
    const problem = problemOf(route);
    if (problem === undefined) return [];
    const names = VpcEndpoints.filter((one) => one.VpcId === VpcId).map(
      ({ ServiceName = '' }) => ServiceName,
    );
    const missing = SERVICES.filter((service) => !names.some((name) => name.endsWith(service)));
    const lacks = missing.length === 0 ? '' : `, nor endpoints for ${missing.join(', ')}`;
    return [`${SubnetId} ${problem}${lacks}`];
  });
  if (problems.length === 0) return ok(`${subnetIds.join(', ')} have a way out`);
  return failed(
    problems.join('\n'),
    'Choose private subnets whose default route is a NAT gateway: docs/deploying.md, A fixed way out.',
  );
}

/** A subnet without a table of its own has its VPC's main one. */
function defaultRoute(
  tables: readonly RouteTable[],
  subnetId: string,
  vpcId: string,
): Route | undefined {
  const has = (test: (one: RouteTableAssociation) => boolean) =>
    tables.find(({ VpcId, Associations = [] }) => VpcId === vpcId && Associations.some(test));
  const table = has((one) => one.SubnetId === subnetId) ?? has((one) => one.Main === true);
  return table?.Routes?.find((route) => route.DestinationCidrBlock === '0.0.0.0/0');
}

/** Why no function gets out by this route; undefined where one does. */
function problemOf(route: Route | undefined): string | undefined {
  if (route === undefined) return 'has no default route to a NAT gateway';
  if (route.State === 'blackhole') return 'has a default route to something that is gone';
  if (route.GatewayId?.startsWith('igw-') !== true) return undefined;
  return 'is public, where functions have no address to get out by: it has no route to a NAT gateway';
}
