import * as z from 'zod/mini';

/** The simulated eGain of a sandbox that runs on this machine, and how to get in there. */
export type RunningEgain = z.infer<typeof egainSchema>;

const egainSchema = z.object({
  apiUrl: z.string(),
  tokenUrl: z.string(),
  scope: z.string(),
  clientId: z.string(),
  clientSecret: z.string(),
});

const factsSchema = z.object({ egain: egainSchema });

const DEFAULT_PORT = '3000';
const PATIENCE_MS = 3000;

/** Where a sandbox is looked for: `npm start` takes the same variable. */
export function sandboxUrl(environment: Readonly<Record<string, string | undefined>>): string {
  return `http://127.0.0.1:${environment['PORT'] || DEFAULT_PORT}/_sandbox`;
}

/** What the sandbox at `url` says of its eGain; undefined where none runs there. */
export async function findRunningEgain(url: string): Promise<RunningEgain | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return z.safeParse(factsSchema, await answer.json()).data?.egain;
  } catch {
    return undefined;
  }
}
