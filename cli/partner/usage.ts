import {
  GetUsageCommand,
  GetUsagePlanKeysCommand,
  paginateGetUsagePlans,
} from '@aws-sdk/client-api-gateway';
import { partnerResourceName } from '../../lib/stage/stage-name.ts';
import { type Aws, asked, askedPages } from '../aws/clients.ts';
import { CommandFailure } from '../program.ts';

const DAYS = 7;
const DAY_MS = 86_400_000;
const RIGHTS = 'apigateway:GET on /usageplans';

/**
 * A partner's requests of the last seven days, today included, and its quota.
 *
 * @param now milliseconds since the epoch
 * @throws CommandFailure where the partner has no usage plan, or AWS refuses
 */
export async function usageText(
  { apiGateway }: Aws,
  stage: string,
  partner: string,
  now: number,
): Promise<string> {
  const name = partnerResourceName(stage, partner);
  const pages = paginateGetUsagePlans({ client: apiGateway }, { limit: 500 });
  const plans = (await askedPages(pages, RIGHTS)).flatMap(({ items = [] }) => items);
  const plan = plans.find((one) => one.name === name);
  if (plan === undefined) {
    throw new CommandFailure(`There is no usage plan ${name}: deploy the stage, then try again.`);
  }
  const usagePlanId = plan.id ?? '';
  const { items: [key] = [] } = await asked(
    apiGateway.send(new GetUsagePlanKeysCommand({ usagePlanId })),
    RIGHTS,
  );
  const startDate = dayOf(now - (DAYS - 1) * DAY_MS);
  const keyId = key?.id === undefined ? {} : { keyId: key.id };
  const { items = {} } = await asked(
    apiGateway.send(new GetUsageCommand({ usagePlanId, startDate, endDate: dayOf(now), ...keyId })),
    RIGHTS,
  );
  // There is one key. For each day it has what was used and what was left.
  const rows = Object.values(items)[0] ?? [];
  const lines = rows.map(([used = 0], index) => {
    const day = dayOf(Date.parse(startDate) + index * DAY_MS);
    return `${day} ${String(used).padStart(12)}`;
  });
  const { limit = 'none', period } = plan.quota ?? {};
  const remaining = rows.at(-1)?.[1];
  const left = remaining === undefined ? '' : `, ${remaining} left`;
  const quota = `quota: ${limit}${period === undefined ? '' : ` a ${period}`}${left}`;
  return [...lines, quota].join('\n');
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
