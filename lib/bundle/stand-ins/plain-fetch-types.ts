/**
 * In the bundles, in place of fetch's `Headers` and `Response`: what `oauth4webapi` uses of them
 * for one grant. Node's own bring all of fetch with them, a third of a cold start, while the
 * request itself goes out by `lambda/platform/http-client.ts`. Whatever is not here fails loudly in the
 * tests that run the bundles.
 */

/** Names in lower case, one value each. */
export class Headers {
  readonly #values: Map<string, string>;

  constructor(init: Readonly<Record<string, string>> = {}) {
    this.#values = new Map(
      Object.entries(init).map(([name, value]) => [name.toLowerCase(), value]),
    );
  }

  has(name: string): boolean {
    return this.#values.has(name.toLowerCase());
  }

  get(name: string): string | null {
    return this.#values.get(name.toLowerCase()) ?? null;
  }

  set(name: string, value: string): void {
    this.#values.set(name.toLowerCase(), value);
  }

  entries(): IterableIterator<[string, string]> {
    return this.#values.entries();
  }
}

/** An answer that was read and judged already: status 200 and JSON. */
export class Response {
  static json(body: unknown): Response {
    return new Response(body);
  }

  readonly status = 200;
  readonly bodyUsed = false;
  readonly #body: unknown;

  private constructor(body: unknown) {
    this.#body = body;
  }

  json(): Promise<unknown> {
    return Promise.resolve(this.#body);
  }
}
