import { type AccountState, type AwsAnswer, type AwsCall, json } from './state.ts';

/** @see https://docs.aws.amazon.com/apigateway/latest/api/API_GetUsage.html */
export function answerApiGateway({ url }: AwsCall, state: AccountState): AwsAnswer {
  if (state.denied === 'apigateway') {
    return {
      ...json(403, { message: 'not authorized' }),
      headers: { 'x-amzn-errortype': 'AccessDeniedException' },
    };
  }
  if (url.pathname === '/account') {
    const { cloudwatchRoleArn } = state;
    return json(200, cloudwatchRoleArn === undefined ? {} : { cloudwatchRoleArn });
  }
  const names = [...state.usage.keys()];
  const [, , planId, what] = url.pathname.split('/');
  if (planId === undefined) {
    const position = Number(url.searchParams.get('position') ?? 0);
    const name = names[position];
    const item = { id: name, name, quota: { limit: 1000, period: 'DAY' } };
    return json(200, {
      item: name === undefined ? [] : [item],
      ...(position + 1 < names.length ? { position: String(position + 1) } : {}),
    });
  }
  if (what === 'keys') return json(200, { item: [{ id: `key-of-${planId}` }] });
  return json(200, {
    usagePlanId: planId,
    startDate: url.searchParams.get('startDate'),
    endDate: url.searchParams.get('endDate'),
    values: { [`key-of-${planId}`]: state.usage.get(planId) ?? [] },
  });
}
