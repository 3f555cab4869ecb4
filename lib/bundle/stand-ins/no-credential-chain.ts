/**
 * Stands in for `@aws-sdk/credential-provider-node` in the bundles. A function's credentials are in
 * its environment, and `lambda/` hands them to the SDK, whose own search through profiles, single
 * sign-on and metadata services would only make the cold start longer.
 */
export const defaultProvider = () => () =>
  Promise.reject(new Error('credentials come from the environment alone'));
