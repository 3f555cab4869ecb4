import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const FILES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

export interface DocsPageOptions {
  /** Where the page's script finds the OpenAPI document, on the page's own origin. */
  readonly openapiPath: string;
  /** The API's base, on the page's own origin. */
  readonly serverPath: string;
  /** Takes the place of the token URL that the document names. */
  readonly tokenUrl: string;
}

/** Answers a path under `/docs` with Swagger UI, all of it from the package; else `false`. */
export type ServeDocs = (path: string, response: ServerResponse) => boolean;

/** The contract as a page to read and to try, without a network. */
export function createDocsPage(options: DocsPageOptions): ServeDocs {
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve('swagger-ui-dist/package.json'));
  return (path, response) => {
    if (path === '/docs' || path === '/docs/') {
      send(response, 'text/html; charset=utf-8', PAGE);
      return true;
    }
    const name = path.replace(/^\/docs\//, '');
    if (name === 'start.js') {
      send(response, 'text/javascript; charset=utf-8', script(options));
      return true;
    }
    const type = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
    if (type === undefined) return false;
    send(response, type, readFileSync(join(folder, name)));
    return true;
  };
}

function send(response: ServerResponse, type: string, body: string | Buffer): void {
  response
    .writeHead(200, {
      'Content-Type': type,
      'Content-Length': Buffer.byteLength(body),
      'Cache-Control': 'no-cache',
    })
    .end(body);
}

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>eGain accounts</title>
    <link rel="icon" href="/docs/favicon-32x32.png">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <div id="docs"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

/** The document names a deployment's token URL and servers; here they are this machine's. */
function script({ openapiPath, serverPath, tokenUrl }: DocsPageOptions): string {
  return `(async () => {
  const spec = await (await fetch(${JSON.stringify(openapiPath)})).json();
  spec.servers = [{ url: location.origin + ${JSON.stringify(serverPath)} }];
  for (const scheme of Object.values(spec.components?.securitySchemes ?? {})) {
    if (scheme.flows?.clientCredentials) {
      scheme.flows.clientCredentials.tokenUrl = ${JSON.stringify(tokenUrl)};
    }
  }
  window.ui = SwaggerUIBundle({
    spec,
    dom_id: '#docs',
    deepLinking: true,
    validatorUrl: null,
    persistAuthorization: false,
    tryItOutEnabled: true,
  });
})();
`;
}
