import { isParameter } from '../accounts/parameters.ts';
import { isFault } from '../faults.ts';
import type { InvocationTelemetry } from '../platform/telemetry.ts';
import type { HttpMiddleware } from './http-middleware.ts';
import { parametersOf } from './query-string.ts';

/**
 * Puts into the record which parameters were asked for, and which of them were at fault: the names
 * that the contract knows and nothing else, since a value or a made-up name may be anything.
 */
export function queryLog(telemetry: InvocationTelemetry): HttpMiddleware {
  return {
    before({ event }) {
      telemetry.note({ asked: known(parametersOf(event).map(([name]) => name)) });
    },
    onError({ error }) {
      if (!isFault(error, 'invalidRequest', 'scopeMissing')) return;
      telemetry.note({ atFault: known(error.details.map(({ key }) => key)) });
    },
  };
}

function known(names: readonly string[]): string | undefined {
  return [...new Set(names)].filter(isParameter).join(' ') || undefined;
}
