// The RP2040's flash cache (XIP): 16 KiB, two ways, 1,024 sets of lines of 8 bytes; of the two ways
// the one used last stays. Source: RP2040 datasheet, section 2.6.3; what a miss costs, see README.md.

import { FLASH_AT, FLASH_SIZE } from './memory.mjs';

const SETS = 1024;
const LINE_SHIFT = 3;
const UNCACHED = 1 << 25; // in the addresses of the two aliases that go past the cache
const EMPTY = -1;

/** Cycles that the core waits for a line beyond those of a hit: QSPI at half of its clock. */
const MISS_CYCLES = 60;

export class FlashCache {
  constructor() {
    this.ways = new Int32Array(2 * SETS); // of each set: the line used last, the other one
    this.flush();
  }

  flush() {
    this.ways.fill(EMPTY);
  }

  /**
   * Reads from a line; the cycles that the core waits.
   * @param line its offset in the memories' buffer / 8; the flash starts at a multiple of 8 KiB
   */
  read(line) {
    const { ways } = this;
    const way = (line & (SETS - 1)) << 1;
    const last = ways[way];
    if (last === line) return 0;
    ways[way] = line;
    const other = ways[way + 1];
    ways[way + 1] = last;
    return other === line ? 0 : MISS_CYCLES;
  }

  /** Reads a word of data at an address of the flash. */
  readData(address) {
    if (address & UNCACHED) return MISS_CYCLES;
    return this.read(((address & (FLASH_SIZE - 1)) + FLASH_AT) >> LINE_SHIFT);
  }

  /** Reads a run of bytes, which starts at an offset in the memories' buffer. */
  readRun(at, count) {
    let cycles = 0;
    const end = (at + count - 1) >> LINE_SHIFT;
    for (let line = at >> LINE_SHIFT; line <= end; line++) cycles += this.read(line);
    return cycles;
  }
}
