import { randomUUID } from 'node:crypto';
import type { AccountsChanged } from '../../lambda/accounts-changed.ts';
import { listen, readBody, sendJson } from '../local-server.ts';
import { LOCAL_ACCOUNT, LOCAL_REGION } from './template.ts';

/** An event as its receivers get it. */
export interface LocalEvent {
  readonly version: '0';
  readonly id: string;
  readonly source: string;
  readonly 'detail-type': string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: AccountsChanged;
}

/** An endpoint that speaks EventBridge's protocol and has the default bus. */
export interface LocalEventBus {
  readonly url: string;
  /** Every event so far, in the order in which they came. */
  readonly events: readonly LocalEvent[];
  readonly close: () => Promise<void>;
}

interface Entry {
  readonly Source: string;
  readonly DetailType: string;
  readonly Detail: string;
}

/**
 * Starts the endpoint on loopback. It takes any signature.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
 */
export async function startEventBus(): Promise<LocalEventBus> {
  const events: LocalEvent[] = [];
  const local = await listen(async (request, response) => {
    const body = String(await readBody(request));
    const send = (status: number, answer: object) =>
      sendJson(response, status, answer, { 'Content-Type': 'application/x-amz-json-1.1' });
    if (request.headers['x-amz-target'] !== 'AWSEvents.PutEvents') {
      const Message = 'This endpoint knows PutEvents only.';
      return send(400, { __type: 'InvalidAction', Message });
    }
    const { Entries } = JSON.parse(body) as { readonly Entries: readonly Entry[] };
    const put = Entries.map(
      ({ Source, DetailType, Detail }): LocalEvent => ({
        version: '0',
        id: randomUUID(),
        source: Source,
        'detail-type': DetailType,
        account: LOCAL_ACCOUNT,
        time: new Date().toISOString(),
        region: LOCAL_REGION,
        resources: [],
        detail: JSON.parse(Detail) as AccountsChanged,
      }),
    );
    events.push(...put);
    send(200, { FailedEntryCount: 0, Entries: put.map(({ id }) => ({ EventId: id })) });
  });
  return { url: local.url, events, close: local.close };
}
