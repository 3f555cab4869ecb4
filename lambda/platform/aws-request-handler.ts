import { readAwsKeys } from './config.ts';
import { systemClock } from './deadline.ts';
import { ConnectionFailed, connectionError, exchange } from './http-client.ts';

/** What the SDK's signer has made, ready to send. */
interface AwsRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number | undefined;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

/** BatchGetItem gives 16 MB of items, which are a third larger as base64. */
const MAX_BYTES = 32_000_000;

/**
 * The SDK's `requestHandler`, by the product's own HTTP client: the SDK's own handler would bring
 * HTTP/2, pools and time-outs that no call of ours uses.
 */
const requestHandler = {
  metadata: { handlerProtocol: 'http/1.1' },

  async handle(
    { protocol, hostname, port, path, headers, body }: AwsRequest,
    { abortSignal }: { readonly abortSignal?: object | undefined } = {},
  ) {
    const signal = abortSignal instanceof AbortSignal ? abortSignal : new AbortController().signal;
    const answer = await exchange(
      {
        url: `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`,
        method: 'POST',
        headers: { 'accept-encoding': 'identity', ...headers },
        ...(body !== undefined && { body }),
      },
      { maxBytes: MAX_BYTES, deadline: { signal, clock: systemClock } },
    );
    const { status: statusCode, bytes } = answer;
    // An error counts by its status, whatever became of its body.
    if (bytes === null && statusCode < 300) {
      throw new ConnectionFailed(connectionError('ECONNRESET'), false);
    }
    const response = {
      statusCode,
      headers: { ...answer.headers },
      body: bytes ?? new Uint8Array(),
    };
    return { response };
  },
};

/** The settings that every client of the SDK gets in a function. */
export const AWS_CLIENT = { requestHandler, credentials: async () => readAwsKeys() } as const;
