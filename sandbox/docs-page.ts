import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';

const swaggerUi = (name: string) =>
  new URL(name, import.meta.resolve('swagger-ui-dist/package.json'));
const here = (path: string) => new URL(path, import.meta.url);

/** Every file under `/docs`, with its content type; the page itself asks `/_sandbox` for addresses. */
const FILES: ReadonlyMap<string, readonly [file: URL, type: string]> = new Map([
  ['/docs', [here('./docs-page.html'), 'text/html; charset=utf-8']],
  ['/docs/', [here('./docs-page.html'), 'text/html; charset=utf-8']],
  ['/docs/swagger-ui.css', [swaggerUi('swagger-ui.css'), 'text/css; charset=utf-8']],
  ['/docs/swagger-ui-bundle.js', [swaggerUi('swagger-ui-bundle.js'), 'text/javascript']],
  ['/docs/favicon-32x32.png', [swaggerUi('favicon-32x32.png'), 'image/png']],
  ['/docs/guide', [here('../docs/partner-guide.md'), 'text/plain; charset=utf-8']],
  ['/docs/errors', [here('../docs/errors.md'), 'text/plain; charset=utf-8']],
  ['/docs/changelog', [here('../docs/partner-changelog.md'), 'text/plain; charset=utf-8']],
]);

/**
 * Answers a path under `/docs`, without a network: the contract as a Swagger UI page to read and to
 * try, and the partners' pages as they are in the repository. `false` for any other path.
 */
export function serveDocs(path: string, response: ServerResponse): boolean {
  const found = FILES.get(path);
  if (found === undefined) return false;
  const [file, type] = found;
  const body = readFileSync(file);
  response
    .writeHead(200, {
      'Content-Type': type,
      'Content-Length': body.length,
      'Cache-Control': 'no-cache',
    })
    .end(body);
  return true;
}
