import type { APIGatewayProxyEvent } from 'aws-lambda';

export type HeadersEvent = Pick<APIGatewayProxyEvent, 'headers' | 'multiValueHeaders'>;

/**
 * A request's header, whatever the case of its name; one that was sent repeatedly as one list.
 *
 * @param name in lower case.
 */
export function headerOf(event: HeadersEvent, name: string): string | undefined {
  return find(event.multiValueHeaders, name)?.join(', ') ?? find(event.headers, name);
}

function find<T>(headers: Readonly<Record<string, T>> | null | undefined, name: string) {
  return Object.entries(headers ?? {}).find(([key]) => key.toLowerCase() === name)?.[1];
}
