/** What the test tells a program that uses a generated client. */
export interface Task {
  readonly baseUrl: string;
  readonly token: string;
  readonly channels: string[];
}

/** What the program saw; the last is asked once eGain refuses the product. */
export interface Seen {
  readonly keys: string[];
  readonly matching: number | undefined;
  readonly ids: number;
  readonly distinct: number;
  readonly one: boolean;
  readonly unchanged: number | undefined;
  readonly wrong: string | undefined;
  readonly detail: string | undefined;
  readonly refused: () => Promise<string | undefined>;
}

/** Runs the program over the task in the environment, and prints what it saw as JSON. */
export function main(run: (task: Task) => Promise<Seen>): void {
  const { BASE_URL = '', TOKEN = '', CHANNELS = '', FAULT_URL = '' } = process.env;
  void (async () => {
    const seen = await run({ baseUrl: BASE_URL, token: TOKEN, channels: CHANNELS.split(',') });
    const setFault = async (mode: object) => {
      await fetch(FAULT_URL, { method: 'POST', body: JSON.stringify(mode) });
    };
    await setFault({ status: 403 });
    // What is fresh is answered from; the sandbox's accounts are for two seconds.
    let refused: string | undefined;
    for (let wait = 0; wait < 60 && refused === undefined; wait += 1) {
      refused = await seen.refused();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await setFault({});
    process.stdout.write(JSON.stringify({ ...seen, refused }));
  })();
}
