import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';

type Coding = 'gzip' | 'deflate';

/**
 * The coding to compress an answer by: the one that `Accept-Encoding` names with the highest
 * weight. `*` names none: API Gateway compresses for who asks for a coding by name.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-receive-response-with-compressed-payload.html
 */
export function acceptedCoding(acceptEncoding: string | undefined): Coding | undefined {
  const weights = new Map<string, number>();
  for (const member of (acceptEncoding ?? '').toLowerCase().split(',')) {
    const [name = '', ...parameters] = member.split(';').map((part) => part.trim());
    const weight = parameters.find((parameter) => /^q\s*=/.test(parameter));
    weights.set(name, weight === undefined ? 1 : Number(weight.replace(/^q\s*=\s*/, '')) || 0);
  }
  const gzip = weights.get('gzip') ?? 0;
  const deflate = weights.get('deflate') ?? 0;
  const best = Math.max(gzip, deflate);
  if (best === 0 || best < (weights.get('identity') ?? 0)) return undefined;
  return gzip === best ? 'gzip' : 'deflate';
}

export function compressed(body: Buffer, coding: Coding): Buffer {
  return coding === 'gzip' ? gzipSync(body) : deflateSync(body);
}

/**
 * A request's body as it was before it was coded; `undefined` where the coding is another or the
 * body is not coded by it, which API Gateway answers with 415.
 *
 * @param limit the most bytes that may come of it; more counts as not coded
 */
export function decodedBody(
  body: Buffer,
  contentEncoding: string | undefined,
  limit: number,
): Buffer | undefined {
  const coding = contentEncoding?.trim().toLowerCase() ?? 'identity';
  if (coding === 'identity' || coding === '') return body;
  const decode = coding === 'gzip' ? gunzipSync : coding === 'deflate' ? inflateSync : undefined;
  try {
    return decode?.(body, { maxOutputLength: limit });
  } catch {
    return undefined;
  }
}
