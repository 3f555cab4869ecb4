/**
 * Stands in for `@smithy/core/event-streams` in the bundles: no operation of Secrets Manager
 * streams, and the SDK asks for it only when one does.
 */
export const EventStreamSerde = undefined;
export const eventStreamSerdeProvider = undefined;
