/**
 * Stands in for `@aws-sdk/core/protocols` in the bundles. The SDK's own protocols read each
 * operation's schema to write dates, blobs and big numbers. GetSecretValue takes texts and reads
 * texts, and of DynamoDB's attributes only the binary ones, `B`, are not written as they are, so
 * JSON will do, at a tenth of the code.
 *
 * @see https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
 */

/** A request as the SDK's middleware hands it on. */
interface Request {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port: number | undefined;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Response {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

interface Context {
  readonly endpoint: () => Promise<Pick<Request, 'protocol' | 'hostname' | 'port' | 'path'>>;
  readonly streamCollector: (body: unknown) => Promise<Uint8Array>;
}

export class AwsJson1_1Protocol {
  protected readonly version: string = '1.1';
  readonly #serviceTarget: string;

  constructor({ serviceTarget }: { readonly serviceTarget: string }) {
    this.#serviceTarget = serviceTarget;
  }

  getShapeId(): string {
    return `aws.protocols#awsJson${this.version.replace('.', '_')}`;
  }

  setSerdeContext(): void {
    // There is nothing to encode that would ask for it.
  }

  async serializeRequest(
    { name }: { readonly name: string },
    input: object,
    { endpoint }: Context,
  ): Promise<Request> {
    const { protocol, hostname, port, path } = await endpoint();
    return {
      method: 'POST',
      protocol,
      hostname,
      port,
      path,
      query: {},
      headers: {
        'content-type': `application/x-amz-json-${this.version}`,
        'x-amz-target': `${this.#serviceTarget}.${name}`,
      },
      body: JSON.stringify(input, writeBlob),
    };
  }

  /** @throws Error named by the service's error code; its message is never the answer's text */
  async deserializeResponse(
    _operation: unknown,
    context: Context,
    { statusCode, headers, body }: Response,
  ): Promise<object> {
    const $metadata = { httpStatusCode: statusCode, requestId: headers['x-amzn-requestid'] };
    const answer = parseObject(await context.streamCollector(body));
    if (statusCode < 300 && answer !== undefined) return { ...answer, $metadata };
    const code = headers['x-amzn-errortype'] ?? answer?.['__type'] ?? answer?.['code'];
    const message = answer?.['message'] ?? answer?.['Message'];
    const error = new Error(typeof message === 'string' ? message : 'UnknownError');
    throw Object.assign(error, {
      name: typeof code === 'string' ? shortName(code) : 'Unknown',
      $fault: statusCode < 500 ? 'client' : 'server',
      $metadata,
    });
  }
}

/** DynamoDB's protocol. */
export class AwsJson1_0Protocol extends AwsJson1_1Protocol {
  protected override readonly version = '1.0';
}

/** What DynamoDB's client gives its protocol, which has its codec here. */
export class DynamoDBJsonCodec2 {
  readonly name = 'plain';
}

/** Bytes go as base64. A Buffer's own JSON is another, and is made before this is asked. */
function writeBlob(this: unknown, key: string, value: unknown): unknown {
  const raw: unknown = Reflect.get(Object(this), key);
  return raw instanceof Uint8Array ? Buffer.from(raw).toString('base64') : value;
}

function readBlob(key: string, value: unknown): unknown {
  return key === 'B' && typeof value === 'string' ? Buffer.from(value, 'base64') : value;
}

function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes), readBlob);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** `Name` out of `namespace#Name:http://…`, as the protocol may write it. */
function shortName(code: string): string {
  return code.replace(/[,:].*$/s, '').replace(/^.*#/s, '');
}
