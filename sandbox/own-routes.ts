import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { marked } from 'marked';
import * as z from 'zod';
import type { SimulatedEgain } from './egain/egain.ts';
import { EGAIN_FAULTS } from './egain/egain-faults.ts';
import { readBody, sendJson } from './local-server.ts';
import type { Sandbox, SandboxFacts } from './sandbox.ts';

const HTML = 'text/html; charset=utf-8';

const fileOf = (url: URL) => () => readFileSync(url);
const own = (path: string) => fileOf(new URL(path, import.meta.url));
const swaggerUi = (name: string) =>
  fileOf(new URL(name, import.meta.resolve('swagger-ui-dist/package.json')));

/** The partners' pages, by their file. */
const PAGES: Readonly<Record<string, string>> = {
  'partner-guide.md': '/docs/guide',
  'errors.md': '/docs/errors',
  'partner-changelog.md': '/docs/changelog',
};

/** A page as HTML; its links lead to the other pages. */
const rendered = (file: string) => () => {
  const text = String(own(`../docs/${file}`)());
  const linked = text.replaceAll(/(?<=\]\()[\w-]+\.md(?=\))/g, (name) => PAGES[name] ?? name);
  const page = String(own('./text-page.html')());
  return page.replace('<main>', () => `<main>${marked.parse(linked, { async: false })}`);
};

type Served = readonly [type: string, read: () => string | Buffer];
/** Every file under `/docs`, with its content type; the page itself asks `/_sandbox` for addresses. */
const DOCS: ReadonlyMap<string, Served> = new Map<string, Served>([
  ['/docs', [HTML, own('./docs-page.html')]],
  ['/docs/', [HTML, own('./docs-page.html')]],
  ['/docs/swagger-ui.css', ['text/css; charset=utf-8', swaggerUi('swagger-ui.css')]],
  ['/docs/swagger-ui-bundle.js', ['text/javascript', swaggerUi('swagger-ui-bundle.js')]],
  ['/docs/favicon-32x32.png', ['image/png', swaggerUi('favicon-32x32.png')]],
  ...Object.entries(PAGES).map(
    ([file, path]) => [path, [HTML, rendered(file)]] as [string, Served],
  ),
]);

/**
 * Serves what the gateway does not: `/docs`, the contract as a Swagger UI page and the partners'
 * pages, all without a network; and `/_sandbox`, the addresses, the partners, and faults to switch on
 * and off. The result is `false` for any other path.
 */
export function createOwnRoutes(
  facts: () => SandboxFacts,
  { egain, secrets, forget }: Pick<Sandbox, 'egain' | 'secrets' | 'forget'>,
): (request: IncomingMessage, response: ServerResponse) => Promise<boolean> {
  return async (request, response) => {
    const path = request.url?.replace(/\?.*$/s, '') ?? '/';
    if (/^\/_sandbox(?:\/|$)/.test(path)) {
      await serveControl(path, request, response);
      return true;
    }
    const { docsUrl } = facts();
    if (path === '/docs' && request.headers.host !== new URL(docsUrl).host) {
      // For a page under another name, a browser would treat the issuer as another site.
      response.writeHead(307, { Location: docsUrl }).end();
      return true;
    }
    const [type, read] = DOCS.get(path) ?? [];
    if (request.method !== 'GET' || read === undefined) return false;
    response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-cache' }).end(read());
    return true;
  };

  async function serveControl(
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { method } = request;
    if (path === '/_sandbox' && method === 'GET') return sendJson(response, 200, facts());
    if (path === '/_sandbox/egain' && egain !== undefined) {
      if (method === 'GET') return sendJson(response, 200, describe(egain));
      if (method === 'POST') return switchMode(egain, await readBody(request), response);
    }
    refuse(response, 404, 'There is no such route or method.', [
      { key: 'GET', value: '/_sandbox' },
      { key: 'GET and POST', value: '/_sandbox/egain, when eGain is simulated' },
    ]);
  }

  async function switchMode(
    simulated: SimulatedEgain,
    body: Buffer | undefined,
    response: ServerResponse,
  ): Promise<void> {
    const { data: mode, error } = MODE.safeParse(parsed(String(body)));
    if (error !== undefined) {
      return refuse(response, 400, 'The body does not name a fault to set.', detailsOf(error));
    }
    const secret = EGAIN_FAULTS[mode.fault ?? '']?.secret;
    // The end of a fault also clears what the functions and their table remember of it. Before a
    // fault their snapshot is kept, so that stale answers show, except for a fault of the secret,
    // which only new containers would read.
    const clear = secret !== undefined || Object.keys(simulated.mode).length > 0;
    simulated.setMode(mode);
    secrets.setFault(secret);
    if (clear) await forget();
    sendJson(response, 200, describe(simulated));
  }
}

function describe({ calls, mode }: SimulatedEgain): object {
  const faults = Object.entries(EGAIN_FAULTS);
  return {
    faults: faults.map(([name]) => name),
    calls,
    active: mode,
    about: Object.fromEntries(faults.map(([name, { does }]) => [name, does])),
  };
}

const MODE = z.strictObject({
  status: z.int().min(200).max(599).optional(),
  latencyMs: z.int().min(0).max(120_000).optional(),
  fault: z.enum(Object.keys(EGAIN_FAULTS)).optional(),
});

/** `undefined`, which no mode is, for text that is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What is wrong with a body, each with the key that it is about. */
function detailsOf({ issues }: z.ZodError): object[] {
  return issues.flatMap((issue) => {
    const keys = issue.code === 'unrecognized_keys' ? issue.keys : [issue.path[0] ?? 'body'];
    return keys.map((key) => ({ key, value: issue.message }));
  });
}

/** Errors have the envelope's form, though these routes are not part of the partners' contract. */
function refuse(
  response: ServerResponse,
  status: number,
  developerMessage: string,
  details: readonly object[],
): void {
  sendJson(response, status, { code: `${status}-901`, developerMessage, details });
}
