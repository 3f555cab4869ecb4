/**
 * Stands in for `@aws-sdk/credential-provider-node` in the bundles. A function's credentials come
 * from its environment, which lambda/ hands to the SDK; the SDK's own search through profiles,
 * single sign-on and metadata services would only make the cold start longer.
 */
export const defaultProvider = () => () =>
  Promise.reject(new Error('credentials are taken from the environment alone'));
