// The Pico's flash chip: 2 MiB kept in a file, each erase and each page written through at its
// place, so that killing the process is a power cut between two flash operations.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { FLASH_SIZE } from './memory.mjs';

const ERASED = 0xff;

export class UsageError extends Error {}

export class Flash {
  /** @param array the chip's flash memory, FLASH_SIZE bytes, filled from the file */
  constructor(file, array) {
    this.file = path.resolve(file);
    this.array = array;
    this.lock = `${this.file}.lock`;
    this.acquire();
    try {
      if (!fs.existsSync(this.file)) this.create();
      this.descriptor = fs.openSync(this.file, 'r+');
      const { size } = fs.fstatSync(this.descriptor);
      if (size !== FLASH_SIZE) {
        throw new UsageError(
          `${this.file} has ${size} bytes, a Pico's flash has ${FLASH_SIZE}; use another file`,
        );
      }
      fs.readSync(this.descriptor, array, 0, FLASH_SIZE, 0);
    } catch (error) {
      this.release();
      throw error;
    }
  }

  create() {
    fs.mkdirSync(path.dirname(this.file), { recursive: true });
    const temporary = `${this.file}.${process.pid}.new`;
    fs.writeFileSync(temporary, Buffer.alloc(FLASH_SIZE, ERASED));
    fs.renameSync(temporary, this.file);
  }

  /** Takes the lock file. One that a killed emulator left behind does not count. */
  acquire() {
    fs.mkdirSync(path.dirname(this.lock), { recursive: true });
    for (let attempt = 0; ; attempt++) {
      try {
        fs.writeFileSync(this.lock, `${process.pid}\n`, { flag: 'wx' });
        return;
      } catch (error) {
        if (error.code !== 'EEXIST' || attempt > 0) throw error;
        const owner = Number.parseInt(fs.readFileSync(this.lock, 'utf8'), 10);
        if (isEmulator(owner, path.basename(this.file))) {
          throw new UsageError(
            `${this.file} is in use by the emulated Pico with process id ${owner}; ` +
              'stop that one, or take another flash file',
          );
        }
        fs.rmSync(this.lock, { force: true });
      }
    }
  }

  release() {
    if (this.descriptor !== undefined) fs.closeSync(this.descriptor);
    fs.rmSync(this.lock, { force: true });
  }

  erase(offset, length) {
    this.array.fill(ERASED, offset, offset + length);
    this.write(offset, length);
  }

  /** Programming clears bits and never sets them, as in the chip. */
  program(offset, bytes) {
    for (let i = 0; i < bytes.length; i++) this.array[offset + i] &= bytes[i];
    this.write(offset, bytes.length);
  }

  write(offset, length) {
    fs.writeSync(this.descriptor, this.array, offset, length, offset);
  }

  /** 8 bytes that stay the same for this file: E6 60 as on real Picos, then a hash of its path. */
  get uniqueId() {
    const hash = createHash('sha256').update(this.file).digest();
    return Uint8Array.of(0xe6, 0x60, ...hash.subarray(0, 6));
  }
}

/** Whether the process is an emulator with a flash file of that name. */
function isEmulator(pid, name) {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== 'EPERM') return false;
  }
  try {
    const command = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return command.includes('pico.mjs') && command.includes(name);
  } catch {
    return true; // no /proc: believe the process id
  }
}
