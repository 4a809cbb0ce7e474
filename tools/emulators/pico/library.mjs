// Finds the npm package rp2040js (peripherals of the RP2040), which lives in the build folder,
// never next to the sources.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const manifest = path.join(repository, 'build', 'pico-npm', 'package.json');

function load() {
  if (!existsSync(path.join(path.dirname(manifest), 'node_modules', 'rp2040js'))) {
    process.stderr.write(
      `pico: the package rp2040js is not in ${path.dirname(manifest)}; install it with\n` +
        '  python -m tools.emulators.emulated_pico --install\n',
    );
    process.exit(1);
  }
  return createRequire(manifest)('rp2040js');
}

export const { RP2040, LogLevel } = load();
