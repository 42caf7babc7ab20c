import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json; src/cli/dev and dist/cli/dev lie equally deep in it. */
export const PACKAGE_ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

/** Returns the full path of a file that is shipped beside the compiled code. */
export function packageFile(relative: string): string {
  return path.join(PACKAGE_ROOT, relative);
}
