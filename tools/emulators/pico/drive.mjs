// The boot drive: a folder that stands for the RPI-RP2 volume. It appears in BOOTSEL mode, is
// looked at every tenth of a second, and disappears when a complete UF2 file has arrived.
import fs from 'node:fs';
import path from 'node:path';
import { parseUf2, Uf2Error } from './uf2.mjs';
import { UsageError } from './flash.mjs';

const POLL_MS = 100;
const STALE_MS = 3000; // a file that has not grown for so long is not being copied any more

/** The file that tells a folder which an emulator has made; it holds the emulator's process id. */
const MARK = '.emulated-pico';
const FILES = {
  [MARK]: `${process.pid}`,
  'INFO_UF2.TXT': 'UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: RPI-RP2\r\n',
  'INDEX.HTM':
    '<html><head><meta http-equiv="refresh" content="0;URL=\'https://raspberrypi.com/device/RP2?version=000000000000\'"/></head><body></body></html>\r\n',
};

export class Drive {
  /** @param folder must not exist, or be left over from an emulator: no other one is deleted */
  constructor(folder) {
    this.folder = path.resolve(folder);
    this.onProgram = () => {}; // (pages, name)
    this.onRejected = () => {}; // (name, reason)
    this.timer = null;
    if (!fs.existsSync(this.folder)) return;
    if (!fs.existsSync(path.join(this.folder, MARK))) {
      throw new UsageError(
        `${this.folder} is to be the boot drive, but it is there already, and no emulator has ` +
          'made it; name a folder that does not exist',
      );
    }
    fs.rmSync(this.folder, { recursive: true });
  }

  mount() {
    fs.mkdirSync(path.dirname(this.folder), { recursive: true });
    fs.mkdirSync(this.folder); // fails if somebody else has made it since
    for (const [name, text] of Object.entries(FILES))
      fs.writeFileSync(path.join(this.folder, name), text);
    this.seen = new Map(); // name -> { size, modified, since, settled }
    this.timer = setInterval(() => this.poll(), POLL_MS);
  }

  unmount() {
    if (this.timer === null) return;
    clearInterval(this.timer);
    this.timer = null;
    const mark = path.join(this.folder, MARK);
    if (fs.existsSync(mark) && fs.readFileSync(mark, 'latin1') === FILES[MARK])
      fs.rmSync(this.folder, { recursive: true, force: true });
  }

  poll() {
    let names;
    try {
      names = fs.readdirSync(this.folder);
    } catch {
      return;
    }
    for (const name of names) {
      if (name in FILES || this.timer === null) continue;
      try {
        this.look(name);
      } catch (error) {
        if (error.code !== 'ENOENT') throw error; // a copier's temporary file has gone
      }
    }
  }

  look(name) {
    const file = path.join(this.folder, name);
    const { size, mtimeMs: modified } = fs.statSync(file);
    const before = this.seen.get(name);
    if (!before || before.size !== size || before.modified !== modified) {
      this.seen.set(name, { size, modified, since: Date.now(), settled: false });
      return;
    }
    if (before.settled) return;
    let reason = `it is incomplete after ${size} bytes`;
    try {
      const pages = parseUf2(fs.readFileSync(file));
      if (pages) {
        before.settled = true;
        this.onProgram(pages, name);
        return;
      }
      if (Date.now() - before.since < STALE_MS) return;
    } catch (error) {
      if (!(error instanceof Uf2Error)) throw error;
      reason = error.message;
    }
    before.settled = true;
    this.onRejected(name, reason);
  }
}
