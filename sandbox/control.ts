import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LocalSecretsManager } from './aws/secrets-manager.ts';
import type { EgainMode, SimulatedEgain } from './egain/egain.ts';
import { EGAIN_FAULTS } from './egain/egain-faults.ts';
import type { SandboxFacts } from './facts.ts';
import { readBody, sendJson } from './local-server.ts';

export interface ControlOptions {
  readonly facts: () => SandboxFacts;
  /** `undefined` when a real tenant is in its place. */
  readonly egain: SimulatedEgain | undefined;
  readonly secrets: LocalSecretsManager;
  /** Makes every function start anew, knowing nothing. */
  readonly forget: () => Promise<void>;
}

/** Answers the paths under `/_sandbox`. */
export type ServeControl = (
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void>;

/** The sandbox's own routes: what runs where, and faults to switch on and off. */
export function createControl({ facts, egain, secrets, forget }: ControlOptions): ServeControl {
  return async (path, request, response) => {
    const { method } = request;
    if (path === '/_sandbox' && method === 'GET') return sendJson(response, 200, facts());
    if (path === '/_sandbox/egain' && egain !== undefined) {
      if (method === 'GET') return sendJson(response, 200, describe(egain));
      if (method === 'POST') return switchMode(egain, await readBody(request), response);
    }
    refuse(response, 404, 'There is no such route or method.', [
      ['GET', '/_sandbox'],
      ['GET and POST', '/_sandbox/egain, unless a real tenant stands in its place'],
    ]);
  };

  async function switchMode(
    to: SimulatedEgain,
    body: Buffer | undefined,
    response: ServerResponse,
  ): Promise<void> {
    const { mode, wrong } = readMode(body?.toString('utf8') ?? '');
    if (wrong.length > 0) return refuse(response, 400, 'The body is not a fault to set.', wrong);
    const secret = EGAIN_FAULTS[mode.fault ?? '']?.secret;
    // What functions remember of a fault, each by itself and in their table, ends with it. What they
    // knew before one begins is kept, so that stale answers can be seen; but for the secret.
    const anew = secret !== undefined || Object.keys(to.mode).length > 0;
    to.setMode(mode);
    secrets.setFault(secret);
    if (anew) await forget();
    sendJson(response, 200, describe(to));
  }
}

function describe(egain: SimulatedEgain): object {
  return {
    faults: Object.keys(EGAIN_FAULTS),
    calls: egain.calls,
    active: egain.mode,
    about: Object.fromEntries(Object.entries(EGAIN_FAULTS).map(([name, { does }]) => [name, does])),
  };
}

type Row = readonly [key: string, expected: string];

function readMode(text: string): { readonly mode: EgainMode; readonly wrong: readonly Row[] } {
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch {
    return { mode: {}, wrong: [['body', 'expected JSON']] };
  }
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return { mode: {}, wrong: [['body', 'expected a JSON object']] };
  }
  const wrong = Object.entries(input).flatMap(([key, value]): Row[] => {
    const rule = Object.hasOwn(MODE_RULES, key) ? MODE_RULES[key] : undefined;
    if (rule === undefined) return [[key, `expected one of ${Object.keys(MODE_RULES).join(', ')}`]];
    return rule.takes(value) ? [] : [[key, rule.expected]];
  });
  return { mode: input, wrong };
}

const MODE_RULES: Readonly<
  Record<string, { readonly expected: string; readonly takes: (value: unknown) => boolean }>
> = {
  status: {
    expected: 'expected an HTTP status, 200 to 599',
    takes: (value) => isWhole(value, 200, 599),
  },
  latencyMs: {
    expected: 'expected milliseconds, 0 to 120000',
    takes: (value) => isWhole(value, 0, 120_000),
  },
  fault: {
    expected: 'expected a name that GET /_sandbox/egain lists under faults',
    takes: (value) => typeof value === 'string' && Object.hasOwn(EGAIN_FAULTS, value),
  },
};

function isWhole(value: unknown, low: number, high: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high;
}

/** In the envelope's form, though these routes are no part of the contract with partners. */
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
