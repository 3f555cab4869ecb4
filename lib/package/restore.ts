/** `npm pack` runs this last. */
import { restoreManifest } from './manifest.ts';

restoreManifest();
