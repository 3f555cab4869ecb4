import { AWS_CLIENT } from './http-client.ts';

/** An event for the account's default bus. */
export interface BusEvent {
  readonly source: string;
  readonly detailType: string;
  readonly detail: object;
}

/** How long putting an event may take, the SDK's own retries included. */
const LONGEST_MS = 10_000;

/**
 * Puts an event on the account's default bus of EventBridge. The client is read when there is an
 * event, since most runs have none.
 *
 * @throws Error where EventBridge cannot be reached, or does not take the event
 * @see https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
 */
export async function putEvent({ source, detailType, detail }: BusEvent): Promise<void> {
  const { EventBridgeClient, PutEventsCommand } = await import('@aws-sdk/client-eventbridge');
  const entry = { Source: source, DetailType: detailType, Detail: JSON.stringify(detail) };
  const { FailedEntryCount, Entries } = await new EventBridgeClient(AWS_CLIENT).send(
    new PutEventsCommand({ Entries: [entry] }),
    { abortSignal: AbortSignal.timeout(LONGEST_MS) },
  );
  // The call succeeds where an entry fails.
  if (FailedEntryCount === 0) return;
  throw Object.assign(new Error('the bus did not take the event'), {
    name: Entries?.[0]?.ErrorCode ?? 'Error',
  });
}
