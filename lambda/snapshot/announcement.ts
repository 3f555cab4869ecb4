import * as z from 'zod/mini';
import { ACCOUNTS_CHANGED, type AccountsChanged, eventSource } from '../accounts-changed.ts';
import type { ServiceConfig } from '../platform/config.ts';
import { type Clock, systemClock } from '../platform/deadline.ts';
import { type BusEvent, putEvent } from '../platform/events.ts';
import { errorName, log, note } from '../platform/log.ts';
import { parseJson } from '../platform/parse.ts';
import {
  createDynamoTable,
  guardTable,
  nextVersion,
  sharedKeys,
  type Table,
} from '../platform/table.ts';
import { readParts } from './content.ts';
import { createSharedState } from './shared-state.ts';

/** What was announced last. */
const announcedSchema = z.object({ contentHash: z.string() });
/** Nobody writes the item while nothing changes, so it has to outlast any such time. */
const KEEP_MS = 3650 * 86_400_000;

/** What tests put in place of the real thing. */
interface AnnouncerOptions {
  readonly clock?: Clock;
  readonly table?: Table;
  /** In place of EventBridge. */
  readonly put?: (event: BusEvent) => Promise<void>;
}

/**
 * Announces the content that all containers share where it is not the one that was announced last,
 * whoever fetched it. The table is told after the event: a crash between the two repeats an event
 * and loses none. Never throws: what could not be announced is found again by the next run.
 */
export function createAnnouncer(
  config: ServiceConfig,
  stage: string,
  { clock = systemClock, put = putEvent, ...options }: AnnouncerOptions = {},
): () => Promise<void> {
  const table = guardTable(options.table ?? createDynamoTable(config.sharedTableName), clock);
  const keys = sharedKeys(config);
  const shared = createSharedState(table, keys.state, clock);

  const announce = async (): Promise<void> => {
    const { state, shared: isShared } = await shared.read();
    const { content, failure } = state;
    // While eGain refuses the credentials, whoever looks would be refused too.
    if (content === undefined || !isShared || failure?.shutOut === true) return;
    const { hash: contentHash, parts, fetchedAt } = content;
    const item = await table.read(keys.announced);
    const last = z.safeParse(announcedSchema, parseJson(item?.body ?? null)).data;
    if (last?.contentHash === contentHash) return;
    const snapshot = await readParts(contentHash, parts, table, keys);
    if (snapshot === null) return;
    const detail: AccountsChanged = {
      version: '1',
      stage,
      contentHash,
      previousContentHash: last?.contentHash ?? null,
      count: snapshot.accounts.length,
      fetchedAt: new Date(fetchedAt).toISOString(),
    };
    await put({ source: eventSource(stage), detailType: ACCOUNTS_CHANGED, detail });
    note({ announced: contentHash });
    const version = nextVersion(item?.version, clock.now());
    const body = JSON.stringify({ contentHash });
    const announced = { version, body, expiresAt: clock.now() + KEEP_MS };
    await table.replace(keys.announced, announced, item?.version, true);
  };

  return () =>
    announce().catch((error: unknown) => {
      log.error('The change of the accounts could not be announced', { failure: errorName(error) });
    });
}
