/** What `npm pack` runs first: builds the package for authors of workflows into `dist/`. */
import { fileURLToPath } from 'node:url';
import { buildWorkflowPackage } from './build.ts';

buildWorkflowPackage(fileURLToPath(new URL('../../dist', import.meta.url)));
