/** An answer of the API's, or of the token endpoint's. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Undefined where the body is not JSON. */
  readonly body: unknown;
  readonly milliseconds: number;
}

/** Asking can't take longer than API Gateway waits. */
const LONGEST_MS = 35_000;

/**
 * Asks once, and measures.
 *
 * @throws the system's error where nothing answers
 */
export async function ask(url: string, init: RequestInit = {}): Promise<HttpAnswer> {
  const began = performance.now();
  const answer = await fetch(url, {
    ...init,
    redirect: 'manual',
    signal: AbortSignal.timeout(LONGEST_MS),
  });
  const text = await answer.text();
  const milliseconds = Math.round(performance.now() - began);
  return { status: answer.status, headers: answer.headers, body: parsed(text), milliseconds };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A member of what may be an object. */
export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}

/** The system's code of what kept a request from its answer. */
export function networkCode(error: unknown): string {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  const code = member(cause, 'code');
  if (typeof code === 'string') return code;
  return error instanceof Error ? error.name : 'UnknownError';
}
