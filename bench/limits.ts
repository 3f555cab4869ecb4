/** What `npm run bench:guard` holds, and the performance page shows. */
export const LIMITS = {
  /** Import of ApiFunction, divided by that of the common way. */
  importRatio: 0.36,
  bundleKilobytes: 330,
  /** A question asked before, divided by `JSON.stringify` of its answer. */
  repeatedRatio: 0.5,
  /** A question never asked before over 10,000 accounts, divided likewise. */
  newRatio: 15,
  /** To eGain, by all containers together: 1,000 accounts, 14 pages, 30 s of freshness. */
  pageCallsPerMinute: 30,
} as const;
