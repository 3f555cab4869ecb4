import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalEventBus, startEventBus } from '../../sandbox/aws/event-bus.ts';

let bus: LocalEventBus;
beforeAll(async () => {
  bus = await startEventBus();
});
afterAll(() => bus.close());

test('an event that is put arrives as its receivers get it', async () => {
  const client = new EventBridgeClient({
    endpoint: bus.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'sandbox', secretAccessKey: 'sandbox' },
  });
  const entry = { Source: 'mine', DetailType: 'Something', Detail: '{"count":1}' };

  const { FailedEntryCount, Entries } = await client.send(
    new PutEventsCommand({ Entries: [entry] }),
  );

  expect(FailedEntryCount).toBe(0);
  expect(bus.events).toMatchObject([
    { id: Entries?.[0]?.EventId, source: 'mine', 'detail-type': 'Something', detail: { count: 1 } },
  ]);
});

test('nothing but events can be put', async () => {
  const answer = await fetch(bus.url, { method: 'POST', body: '{}' });

  expect(answer.status).toBe(400);
});
