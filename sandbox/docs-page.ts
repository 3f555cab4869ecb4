import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const FILES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

/** What is to be read beside the contract, as it stands in the repository. */
const PAGES: Readonly<Record<string, URL>> = {
  guide: new URL('../docs/partner-guide.md', import.meta.url),
  errors: new URL('../docs/errors.md', import.meta.url),
  changelog: new URL('../docs/partner-changelog.md', import.meta.url),
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
    const page = Object.hasOwn(PAGES, name) ? PAGES[name] : undefined;
    if (page !== undefined) {
      send(response, 'text/plain; charset=utf-8', readFileSync(page));
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
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>eGain accounts</title>
    <link rel="icon" href="/docs/favicon-32x32.png">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <style>
      #more { display: flex; flex-wrap: wrap; gap: 1em; padding: 1em; font: 16px sans-serif; }
      .swagger-ui .dialog-ux .modal-ux { max-width: 95vw; min-width: 0; width: 650px; }
      .swagger-ui .dialog-ux .modal-ux-content { max-height: 80vh; }
      .swagger-ui .auth-btn-wrapper { position: sticky; bottom: -20px; background: #fff; padding: 10px 0; }
      .swagger-ui .markdown table { display: block; overflow-x: auto; }
      @media (max-width: 640px) {
        .swagger-ui .wrapper { padding: 0 8px; }
        .swagger-ui .opblock-body, .swagger-ui .table-container,
        .swagger-ui .responses-inner { overflow-x: auto; padding: 8px; }
        .swagger-ui .opblock .opblock-summary-path { word-break: break-all; max-width: 100%; }
        .swagger-ui .opblock-summary { flex-wrap: wrap; }
        .swagger-ui table.parameters, .swagger-ui table.parameters tbody,
        .swagger-ui table.parameters tr, .swagger-ui table.parameters td { display: block; width: 100%; }
        .swagger-ui table.parameters thead { display: none; }
        .swagger-ui input, .swagger-ui select, .swagger-ui textarea,
        .swagger-ui .microlight { max-width: 100%; min-width: 0; }
        .swagger-ui pre, .swagger-ui code { white-space: pre-wrap; overflow-wrap: anywhere; }
      }
    </style>
  </head>
  <body>
    <nav id="more">
      <a href="/docs/guide">Guide</a>
      <a href="/docs/errors">Errors</a>
      <a href="/docs/changelog">Changelog</a>
      <label>Try it as <select id="partner"><option value="">nobody yet</option></select></label>
    </nav>
    <div id="docs"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

/**
 * The document names a deployment's token URL and servers; here they are this machine's. Swagger UI
 * shows some texts as they are, backticks and all, and each answer with its own copy of the Error;
 * so the page's own copy of the document has the first taken out, and the second as one table.
 */
function script({ openapiPath, serverPath, tokenUrl }: DocsPageOptions): string {
  return `(async () => {
  const spec = await (await fetch(${JSON.stringify(openapiPath)})).json();
  spec.servers = [{ url: location.origin + ${JSON.stringify(serverPath)} }];
  const plain = (text) => text.replaceAll('\`', '');
  for (const scheme of Object.values(spec.components?.securitySchemes ?? {})) {
    const grant = scheme.flows?.clientCredentials;
    if (!grant) continue;
    grant.tokenUrl = ${JSON.stringify(tokenUrl)};
    for (const [scope, text] of Object.entries(grant.scopes)) grant.scopes[scope] = plain(text);
  }
  for (const header of Object.values(spec.components?.headers ?? {})) {
    header.description = plain(header.description);
  }
  const found = (answer) => spec.components.responses[answer.$ref?.split('/').at(-1)] ?? answer;
  for (const { get } of Object.values(spec.paths)) {
    const rows = [];
    for (const [status, answer] of Object.entries(get.responses)) {
      if (!/^[45]|default/.test(status)) continue;
      const text = found(answer).description.replaceAll('\\n\\n', '<br>').replaceAll('|', '/');
      rows.push('| ' + (status === 'default' ? 'other 5xx' : status) + ' | ' + text + ' |');
      delete get.responses[status];
    }
    if (rows.length === 0) continue;
    get.description += '\\n\\n**Errors**, each an Error:\\n\\n| status | codes |\\n|---|---|\\n' + rows.join('\\n');
  }
  window.ui = SwaggerUIBundle({
    spec,
    dom_id: '#docs',
    deepLinking: true,
    validatorUrl: null,
    persistAuthorization: false,
    tryItOutEnabled: true,
  });
  const { partners } = await (await fetch('/_sandbox')).json();
  const choice = document.querySelector('#partner');
  for (const name of Object.keys(partners)) choice.append(new Option(name, name));
  choice.addEventListener('change', () => {
    const { clientId, clientSecret, scope } = partners[choice.value] ?? {};
    window.ui.initOAuth({ clientId, clientSecret, scopes: scope ?? '' });
    window.ui.authActions.showDefinitions(window.ui.authSelectors.definitionsToAuthorize());
  });
})();
`;
}
