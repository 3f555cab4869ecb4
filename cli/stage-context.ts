import { closest } from '../lib/stage/closest.ts';
import { UsageError } from './usage-error.ts';

/**
 * The stage that a context value `<key>=<value>` names; undefined where it is about something else.
 *
 * @throws UsageError for a key that is `stage` but for a slip
 */
export function stageInContext(pair: string): string | undefined {
  const equals = pair.indexOf('=');
  const key = equals === -1 ? pair : pair.slice(0, equals);
  if (key === 'stage' && equals !== -1) return pair.slice(equals + 1);
  refuseSlip(key);
  return undefined;
}

/** @throws UsageError for a key of the CDK's context that is `stage` but for a slip */
export function refuseSlip(key: string): void {
  if (closest(key, ['stage']) === undefined && lettersOf(key) !== lettersOf('stage')) return;
  throw new UsageError(`The stage is named by -c stage=<stage>; ${JSON.stringify(key)} is not it.`);
}

/** The same for words whose letters are only in another order. */
function lettersOf(word: string): string {
  return Array.from(word.toLowerCase()).toSorted().join('');
}
