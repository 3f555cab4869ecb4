import { readAwsKeys } from './config.ts';
import { systemClock } from './deadline.ts';
import { ConnectionFailed, connectionError, exchange, type HttpCall } from './http-client.ts';

/** What the SDK's signer has made, ready to send. */
interface AwsRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number | undefined;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

interface AwsResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

interface HandlerOptions {
  readonly abortSignal?: object | undefined;
}

/** BatchGetItem gives 16 MB of items, which are a third larger as base64. */
const MAX_BYTES = 32_000_000;

/**
 * The SDK's `requestHandler`, by the product's own HTTP client: the SDK's own handler would bring
 * HTTP/2, pools and time-outs that no call of ours uses. Sends a request again, once and over a new
 * connection, when the kept connection had been closed meanwhile, as happens while a container is
 * frozen.
 */
const requestHandler = {
  metadata: { handlerProtocol: 'http/1.1' },

  async handle(
    request: AwsRequest,
    { abortSignal }: HandlerOptions = {},
  ): Promise<{ readonly response: AwsResponse }> {
    const { protocol, hostname, port, path, headers, body } = request;
    const call: HttpCall = {
      url: `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`,
      method: 'POST',
      headers: { 'accept-encoding': 'identity', ...headers },
      ...(body !== undefined && { body }),
    };
    const signal = abortSignal instanceof AbortSignal ? abortSignal : new AbortController().signal;
    const options = { maxBytes: MAX_BYTES, deadline: { signal, clock: systemClock } };
    const answer = await exchange(call, options).catch((error: unknown) => {
      if (!(error instanceof ConnectionFailed && error.wasClosed)) throw error;
      return exchange(call, { ...options, fresh: true });
    });
    const { status, bytes } = answer;
    // An error counts by its status, whatever became of its body.
    if (bytes === null && status < 300)
      throw new ConnectionFailed(connectionError('ECONNRESET'), false);
    return {
      response: {
        statusCode: status,
        headers: Object.fromEntries(
          Object.entries(answer.headers).map(([name, value]) => [name, String(value)]),
        ),
        body: bytes ?? new Uint8Array(),
      },
    };
  },
};

/** The settings that every client of the SDK gets in a function. */
export const AWS_CLIENT = { requestHandler, credentials: async () => readAwsKeys() } as const;
