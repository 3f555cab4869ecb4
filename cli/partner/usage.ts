import {
  GetUsageCommand,
  GetUsagePlanKeysCommand,
  paginateGetUsagePlans,
  type UsagePlan,
} from '@aws-sdk/client-api-gateway';
import { partnerResourceName } from '../../lib/stage/stage-name.ts';
import { type Aws, asked } from '../aws/clients.ts';
import { CommandFailure } from '../program.ts';

/** How much of its quota a partner has used. */
export interface Usage {
  /** The quota, and its period. */
  readonly limit: number | undefined;
  readonly period: string | undefined;
  /** Requests by day, the newest last. */
  readonly days: readonly { readonly day: string; readonly used: number }[];
  /** What is left of the quota in this period, where API Gateway says so. */
  readonly remaining: number | undefined;
}

const DAY_MS = 86_400_000;
const RIGHTS = 'apigateway:GET on /usageplans';

/**
 * Reads the usage of the last days.
 *
 * @param days how many, today included
 * @param now milliseconds since the epoch
 * @throws CommandFailure where the partner has no usage plan, or AWS refuses
 */
export async function readUsage(
  { apiGateway }: Aws,
  stage: string,
  partner: string,
  days: number,
  now: number,
): Promise<Usage> {
  const name = partnerResourceName(stage, partner);
  const plan = await asked(findPlan(apiGateway, name), RIGHTS);
  if (plan === undefined) {
    throw new CommandFailure(`There is no usage plan ${name}: deploy the stage, then try again.`);
  }
  const usagePlanId = plan.id ?? '';
  const { items: [key] = [] } = await asked(
    apiGateway.send(new GetUsagePlanKeysCommand({ usagePlanId })),
    RIGHTS,
  );
  const startDate = dayOf(now - (days - 1) * DAY_MS);
  const keyId = key?.id === undefined ? {} : { keyId: key.id };
  const { items = {} } = await asked(
    apiGateway.send(new GetUsageCommand({ usagePlanId, startDate, endDate: dayOf(now), ...keyId })),
    RIGHTS,
  );
  // There is one key. For each day it has what was used and what was left.
  const rows = Object.values(items)[0] ?? [];
  return {
    limit: plan.quota?.limit,
    period: plan.quota?.period,
    days: rows.map(([used = 0], index) => ({
      day: dayOf(Date.parse(startDate) + index * DAY_MS),
      used,
    })),
    remaining: rows.at(-1)?.[1],
  };
}

async function findPlan(client: Aws['apiGateway'], name: string): Promise<UsagePlan | undefined> {
  for await (const page of paginateGetUsagePlans({ client }, { limit: 500 })) {
    const plan = page.items?.find((one) => one.name === name);
    if (plan !== undefined) return plan;
  }
  return undefined;
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
