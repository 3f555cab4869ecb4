/** When the prices were read on AWS's pages. */
export const NOTED = 'November 2026';
export const MONTH_SECONDS = 30 * 86_400;

/** AWS's list prices that more than one page states, in US dollars, us-east-1. */
export const PRICES = {
  /** A month. */
  client: 6,
  key: 1,
  metric: 0.3,
  secret: 0.4,
  webAcl: 5,
  webAclRule: 1,
  /** A GB. */
  logWritten: 0.5,
  natGb: 0.045,
  /** A GB and month. */
  logKept: 0.03,
  /** A million. */
  tableWrites: 0.625,
  webAclRequests: 0.6,
  /** A GB-second, on arm64. */
  gbSecond: 0.0000133334,
  provisionedGbSecond: 0.0000033334,
  /** An hour. */
  natHour: 0.045,
  endpointHour: 0.01,
} as const;

/** With cents. */
export function dollars(sum: number): string {
  return sum.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}
