import type { Credentials } from '../../lambda/egain/credentials.ts';
import { type Grant, requestGrant, type TokenEndpoint } from '../../lambda/egain/token.ts';
import type { Clock, Deadline } from '../../lambda/platform/deadline.ts';
import { createRecorder } from '../recorder.ts';
import { type Checked, fails, holds } from '../report.ts';
import { diagnoseRefusal, type Refusal } from '../token-refusal.ts';

/** Refusals that may have to do with how the client was sent. */
const OTHER_WAY_MAY_WORK: ReadonlySet<string> = new Set([
  'secret-wrong',
  'client-authentication',
  'request-refused',
  'client-disabled',
]);

/** Whether eGain grants a token; where not, which of the known causes it has. */
export async function checkToken(
  endpoint: TokenEndpoint,
  credentials: Credentials,
  deadline: Deadline,
  clock: Clock,
): Promise<Checked<Grant>> {
  const { clientAuthentication: way } = endpoint;
  const answer = await ask(endpoint, credentials, deadline, clock);
  if ('accessToken' in answer) {
    const notes =
      answer.lifeSeconds < 120 ? ['so short a life means a token request every minute'] : [];
    return holds(answer, `eGain granted a token for ${answer.lifeSeconds} s (client by ${way})`, {
      notes,
      measured: { lifeSeconds: answer.lifeSeconds },
    });
  }
  const { cause, seen, advice } = answer;
  if (OTHER_WAY_MAY_WORK.has(cause)) {
    const other = way === 'body' ? 'basic' : 'body';
    const second = await ask(
      { ...endpoint, clientAuthentication: other },
      credentials,
      deadline,
      clock,
    );
    if ('accessToken' in second) {
      return fails(
        'client-authentication',
        `${seen} when the client goes by ${way}; by ${other} it grants a token`,
        `Set egain.clientAuthentication to "${other}".`,
      );
    }
    if (OTHER_WAY_MAY_WORK.has(second.cause)) {
      return fails(cause, `${seen}, whether the client goes by body or basic`, advice);
    }
  }
  return fails(cause, seen, advice);
}

async function ask(
  endpoint: TokenEndpoint,
  credentials: Credentials,
  deadline: Deadline,
  clock: Clock,
): Promise<Grant | Refusal> {
  const recorder = createRecorder('token', clock);
  try {
    return await requestGrant(endpoint, credentials, recorder.upstream, deadline, () =>
      clock.now(),
    );
  } catch (error) {
    const result = recorder.results.at(-1);
    if (result !== undefined) return diagnoseRefusal(result, endpoint, clock.now());
    // The deadline passed between two attempts.
    if (deadline.signal.aborted) {
      return diagnoseRefusal(
        { kind: 'timeout', of: 'deadline', waitedMs: 0 },
        endpoint,
        clock.now(),
      );
    }
    throw error;
  }
}
