import type { IncomingMessage, ServerResponse } from 'node:http';
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
    const { mode, wrong } = readMode(body);
    if (wrong.length > 0) {
      return refuse(response, 400, 'The body does not name a fault to set.', wrong);
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

type Row = readonly [key: string, expected: string];

function readMode(text: string): { readonly mode: EgainMode; readonly wrong: readonly Row[] } {
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch {
    // The same row as for JSON of another kind.
  }
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return { mode: {}, wrong: [['body', 'expected a JSON object']] };
  }
  const wrong = Object.entries(input).flatMap(([key, value]): Row[] => {
    const rule = Object.hasOwn(MODE_RULES, key) ? MODE_RULES[key] : undefined;
    if (rule === undefined) return [[key, `expected one of ${Object.keys(MODE_RULES).join(', ')}`]];
    return rule.accepts(value) ? [] : [[key, `expected ${rule.expected}`]];
  });
  return { mode: input, wrong };
}

const MODE_RULES: Readonly<
  Record<string, { readonly expected: string; readonly accepts: (value: unknown) => boolean }>
> = {
  status: {
    expected: 'an HTTP status, 200 to 599',
    accepts: (value) => isWhole(value, 200, 599),
  },
  latencyMs: {
    expected: 'milliseconds, 0 to 120000',
    accepts: (value) => isWhole(value, 0, 120_000),
  },
  fault: {
    expected: 'a name that GET /_sandbox/egain lists under faults',
    accepts: (value) => typeof value === 'string' && Object.hasOwn(EGAIN_FAULTS, value),
  },
};

function isWhole(value: unknown, low: number, high: number): boolean {
  return Number.isInteger(value) && Number(value) >= low && Number(value) <= high;
}

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
