import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod';
import type { SimulatedEgain } from './egain/egain.ts';
import { EGAIN_FAULTS } from './egain/egain-faults.ts';
import { readBody, sendJson } from './local-server.ts';
import type { Sandbox, SandboxFacts } from './sandbox.ts';

/** Answers a path under `/_sandbox`. */
export type ServeControl = (
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void>;

/** The sandbox's own routes: its addresses and partners, and faults to switch on and off. */
export function createControl(
  facts: () => SandboxFacts,
  { egain, secrets, forget }: Pick<Sandbox, 'egain' | 'secrets' | 'forget'>,
): ServeControl {
  return async (path, request, response) => {
    const { method } = request;
    if (path === '/_sandbox' && method === 'GET') return sendJson(response, 200, facts());
    if (path === '/_sandbox/egain' && egain !== undefined) {
      if (method === 'GET') return sendJson(response, 200, describe(egain));
      if (method === 'POST') {
        const body = await readBody(request);
        return switchMode(egain, body?.toString('utf8') ?? '', response);
      }
    }
    refuse(response, 404, 'There is no such route or method.', [
      { key: 'GET', value: '/_sandbox' },
      { key: 'GET and POST', value: '/_sandbox/egain, when eGain is simulated' },
    ]);
  };

  async function switchMode(
    to: SimulatedEgain,
    body: string,
    response: ServerResponse,
  ): Promise<void> {
    const { data: mode, error } = MODE.safeParse(parsed(body));
    if (error !== undefined) {
      const details = detailsOf(error);
      return refuse(response, 400, 'The body does not name a fault to set.', details);
    }
    const secret = EGAIN_FAULTS[mode.fault ?? '']?.secret;
    // The end of a fault also clears what the functions and their table remember of it. Before a
    // fault their snapshot is kept, so that stale answers show, except for a fault of the secret,
    // which only new containers would read.
    const clear = secret !== undefined || Object.keys(to.mode).length > 0;
    to.setMode(mode);
    secrets.setFault(secret);
    if (clear) await forget();
    sendJson(response, 200, describe(to));
  }
}

function describe({ calls, mode }: SimulatedEgain): object {
  const faults = Object.entries(EGAIN_FAULTS);
  return {
    faults: faults.map(([name]) => name),
    calls,
    active: mode,
    about: Object.fromEntries(faults.map(([name, { does }]) => [name, does])),
  };
}

const MODE = z.strictObject({
  status: z.int().min(200).max(599).optional(),
  latencyMs: z.int().min(0).max(120_000).optional(),
  fault: z.enum(Object.keys(EGAIN_FAULTS)).optional(),
});

interface Detail {
  readonly key: string;
  readonly value: string;
}

/** `undefined`, which no mode is, for text that is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What is wrong with a body, each with the key that it is about. */
function detailsOf({ issues }: z.ZodError): Detail[] {
  return issues.flatMap((issue) => {
    const keys = issue.code === 'unrecognized_keys' ? issue.keys : [issue.path[0] ?? 'body'];
    return keys.map((key) => ({ key: String(key), value: issue.message }));
  });
}

/** Errors have the envelope's form, though these routes are not part of the partners' contract. */
function refuse(
  response: ServerResponse,
  status: number,
  developerMessage: string,
  details: readonly Detail[],
): void {
  sendJson(response, status, { code: `${status}-901`, developerMessage, details });
}
