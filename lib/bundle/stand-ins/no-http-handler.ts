/**
 * Stands in for `@smithy/node-http-handler` in the bundles. Every client in `lambda/` is given
 * `lambda/platform/http-client.ts`, which also reads the bodies, so the SDK's own handler
 * would only be loaded.
 */
export const NodeHttpHandler = {
  create<Handler>(given: Handler): Handler {
    return given;
  },
};
export const streamCollector = undefined;
