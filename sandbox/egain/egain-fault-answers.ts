import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { sendJson } from '../local-server.ts';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** An error in eGain's envelope. */
export function sendEnvelope(
  response: ServerResponse,
  code: string,
  developerMessage: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  sendJson(response, Number(code.slice(0, 3)), { code, developerMessage }, headers);
}

/** Answers with eGain's envelope. */
export const envelope =
  (code: string, message: string, headers?: Readonly<Record<string, string>>): Answer =>
  (_request, response) =>
    sendEnvelope(response, code, message, headers);

/** Answers with an OAuth error (RFC 6749 §5.2). */
export const oauthError =
  (status: number, error: string, headers?: Readonly<Record<string, string>>): Answer =>
  (_request, response) =>
    sendJson(response, status, { error, error_description: 'Refused by the sandbox.' }, headers);

/** Answers with a page, as a login or a proxy would. */
export const html: Answer = (_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>Sign in</html>');
};

/** Cuts the connection. */
export const reset: Answer = (request) => {
  request.socket.resetAndDestroy();
};

/** Keeps the caller waiting until it hangs up. */
export const hang: Answer = () => undefined;

/** Sends as much as the caller takes. */
export function sendWithoutEnd(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.write('{"account":[');
  const chunk = `${' '.repeat(1 << 16)}\n`;
  const send = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', send);
  send();
}

/** Sends little that unpacks to 256 MB. */
export function sendGzipBomb(_request: IncomingMessage, response: ServerResponse): void {
  // A gzip stream may have any number of members (RFC 1952 §2.2).
  const member = gzipSync(Buffer.alloc(1 << 20, ' '));
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' });
  response.end(Buffer.concat(Array.from({ length: 256 }, () => member)));
}
