import type { APIGatewayProxyEvent } from 'aws-lambda';
import * as z from 'zod/mini';
import { SCOPES } from '../accounts/fields.ts';
import { accountRuleSchema, type Viewer } from '../accounts/visibility.ts';
import { Fault } from '../faults.ts';
import { createByteLru } from '../platform/byte-lru.ts';

export type AuthorizedEvent = Pick<APIGatewayProxyEvent, 'requestContext'>;

/** What the authorizer says of the caller. API Gateway carries strings alone. */
function contextOf(event: AuthorizedEvent): Readonly<Record<string, unknown>> {
  const context: { authorizer?: Record<string, unknown> | null | undefined } | undefined =
    event.requestContext;
  return context?.authorizer ?? {};
}

/** UTF-16 units of the contexts that are remembered: more than a container's partners have. */
const MAX_REMEMBERED = 256 * 1024;
const viewers = createByteLru<Viewer>(MAX_REMEMBERED, () => 0);

/** The partner's name, as the authorizer found it. */
export function partnerOf(event: AuthorizedEvent): string | undefined {
  const { partner } = contextOf(event);
  return typeof partner === 'string' ? partner : undefined;
}

/**
 * What the authorizer lets the caller see.
 *
 * @throws Fault `403-901` without the scope that opens the routes: the authorizer refuses that
 * already, but a route that was deployed without it must not stand open.
 * @throws when the account rule can't be read: without its rule a partner would see too much.
 */
export function viewerOf(event: AuthorizedEvent): Viewer {
  const { scopes, accounts } = contextOf(event);
  const key = JSON.stringify([scopes, accounts]);
  const viewer = viewers.get(key) ?? readViewer(scopes, accounts);
  viewers.set(key, viewer);
  return viewer;
}

function readViewer(scopes: unknown, accounts: unknown): Viewer {
  const granted = new Set(typeof scopes === 'string' ? scopes.split(' ') : []);
  const open = SCOPES.filter((scope) => granted.has(scope));
  if (!open.includes('accounts/read')) throw new Fault('clientNotAllowed');
  if (accounts === undefined || accounts === null) return { scopes: new Set(open) };
  const rule = z.parse(accountRuleSchema, JSON.parse(z.parse(z.string(), accounts)));
  return { scopes: new Set(open), rule };
}

/** Whether nothing is hidden from the caller: no field, and no account. */
export function seesEverything(event: AuthorizedEvent): boolean {
  try {
    const { scopes, rule } = viewerOf(event);
    return rule === undefined && scopes.size === SCOPES.length;
  } catch {
    // Who they are can't be read, so nothing says that they may see it all.
    return false;
  }
}
