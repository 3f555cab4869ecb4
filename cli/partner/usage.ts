import {
  GetUsageCommand,
  GetUsagePlanKeysCommand,
  GetUsagePlansCommand,
  type UsagePlan,
} from '@aws-sdk/client-api-gateway';
import { partnerResourceName } from '../../lib/stage/stage-name.ts';
import type { Aws } from '../aws/clients.ts';
import { asked } from '../aws/partner-client.ts';
import { CommandFailure } from '../command.ts';

/** What a partner has sent, of what it may send. */
export interface Usage {
  /** The quota, and its period. */
  readonly limit: number | undefined;
  readonly period: string | undefined;
  /** Requests by day, the newest last. */
  readonly days: readonly { readonly day: string; readonly used: number }[];
  /** What is left of the quota in this period, where API Gateway tells. */
  readonly remaining: number | undefined;
}

const DAY_MS = 86_400_000;
const READ = 'apigateway:GET on /usageplans';

/**
 * Reads the last days' usage.
 *
 * @param days how many, today included
 * @param now milliseconds since the epoch
 * @throws CommandFailure where the partner has no usage plan, or AWS does not tell
 */
export async function readUsage(
  { apiGateway }: Aws,
  stage: string,
  partner: string,
  days: number,
  now: number,
): Promise<Usage> {
  const plan = await findPlan({ apiGateway }, partnerResourceName(stage, partner));
  const usagePlanId = plan.id ?? '';
  const { items: [key] = [] } = await asked(
    apiGateway.send(new GetUsagePlanKeysCommand({ usagePlanId })),
    READ,
  );
  const first = dayOf(now - (days - 1) * DAY_MS);
  const { items = {} } = await asked(
    apiGateway.send(
      new GetUsageCommand({
        usagePlanId,
        startDate: first,
        endDate: dayOf(now),
        ...(key?.id === undefined ? {} : { keyId: key.id }),
      }),
    ),
    READ,
  );
  // One key, and for each day what was used and what was left.
  const rows = Object.values(items)[0] ?? [];
  return {
    limit: plan.quota?.limit,
    period: plan.quota?.period,
    days: rows.map(([used = 0], index) => ({
      day: dayOf(Date.parse(first) + index * DAY_MS),
      used,
    })),
    remaining: rows.at(-1)?.[1],
  };
}

async function findPlan({ apiGateway }: Pick<Aws, 'apiGateway'>, name: string): Promise<UsagePlan> {
  let position: string | undefined;
  do {
    const page = await asked(
      apiGateway.send(new GetUsagePlansCommand({ limit: 500, position })),
      READ,
    );
    const plan = page.items?.find((one) => one.name === name);
    if (plan !== undefined) return plan;
    ({ position } = page);
  } while (position !== undefined);
  throw new CommandFailure(`There is no usage plan ${name}: deploy the stage, then ask again.`);
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
