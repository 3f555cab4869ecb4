import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod';
import type { EgainMode, SimulatedEgain } from './egain/egain.ts';
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
      ['GET', '/_sandbox'],
      ['GET and POST', '/_sandbox/egain, when eGain is simulated'],
    ]);
  };

  async function switchMode(
    to: SimulatedEgain,
    body: string,
    response: ServerResponse,
  ): Promise<void> {
    const mode = readMode(body);
    if (isRows(mode)) return refuse(response, 400, 'The body does not name a fault to set.', mode);
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

type Row = readonly [key: string, wrong: string];

/** The mode that a body sets, or a row for each thing that is wrong with it. */
function readMode(text: string): EgainMode | readonly Row[] {
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch {
    return [['body', 'expected JSON']];
  }
  const { data, error } = MODE.safeParse(input);
  if (error === undefined) return data as EgainMode;
  return error.issues.flatMap((issue) => {
    const keys = issue.code === 'unrecognized_keys' ? issue.keys : [issue.path[0] ?? 'body'];
    return keys.map((key): Row => [String(key), issue.message]);
  });
}

const isRows = (read: EgainMode | readonly Row[]): read is readonly Row[] => Array.isArray(read);

/** Errors have the envelope's form, though these routes are not part of the partners' contract. */
function refuse(
  response: ServerResponse,
  status: number,
  developerMessage: string,
  rows: readonly Row[],
): void {
  sendJson(response, status, {
    code: `${status}-901`,
    developerMessage,
    details: rows.map(([key, value]) => ({ key, value })),
  });
}
