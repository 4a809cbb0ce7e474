// A stand-in for the RP2040's boot ROM: the header and the two look-up tables are in the 16 KiB
// as the datasheet has them (2.8.3), and each function is `bkpt #n; bx lr`, carried out here.
import { doubleTable, singleTable } from './romfloat.mjs';
import { FLASH_AT, FLASH_SIZE } from './memory.mjs';

const HEADER_MAGIC = [0x4d, 0x75, 0x01, 3]; // 'M' 'u' 1, version 3: RP2040 B2
const INITIAL_SP = 0x20042000;
const FUNCTIONS_AT = 0x800;
const TABLES_AT = 0x200;
const BX_LR = 0x4770;
const BKPT = 0xbe00;
const COPYRIGHT = 'XnorNode stand-in for the RP2040 boot ROM\0';

export const SECTOR = 4096;
export const PAGE = 256;

// Typical times of the Pico's W25Q16JV, from its data sheet, table 9.6 (AC characteristics)
const SECTOR_ERASE_MS = 45;
const BLOCK_ERASE_MS = 150;
const PAGE_PROGRAM_MS = 0.4;
const CALL_CYCLES = 10; // of the simple functions: a guess, none is critical

const code = (name) => name.charCodeAt(0) | (name.charCodeAt(1) << 8);

export class BootRom {
  /**
   * @param memory the chip's memories; the ROM is written into it
   * @param bus for copies that are not from memory to memory
   * @param flash with `erase(offset, length)` and `program(offset, bytes)`
   */
  constructor(memory, bus, flash) {
    this.memory = memory;
    this.bus = bus;
    this.flash = flash;
    this.onBootsel = () => {};
    this.entry = []; // what to do at breakpoint n
    const functions = this.addFunctions();
    const half = new DataView(memory.buffer, memory.rom.byteOffset, memory.rom.length);
    const put16 = (at, value) => half.setUint16(at, value, true);
    const put32 = (at, value) => half.setUint32(at, value, true);
    const address = (n) => (FUNCTIONS_AT + 4 * n) | 1;

    memory.rom.fill(0);
    put32(0, INITIAL_SP);
    HEADER_MAGIC.forEach((byte, i) => half.setUint8(0x10 + i, byte));
    this.entry.forEach((_, n) => {
      put16(FUNCTIONS_AT + 4 * n, BKPT | n);
      put16(FUNCTIONS_AT + 4 * n + 2, BX_LR);
    });

    let at = TABLES_AT;
    const table = (rows) => {
      const start = at;
      for (const [name, pointer] of rows) {
        put16(at, code(name));
        put16(at + 2, pointer);
        at += 4;
      }
      at += 4; // the zero that ends it
      return start;
    };
    const pointers = (count, first) => {
      const start = at;
      for (let i = 0; i < count; i++) put32(at + 4 * i, address(first + i));
      at += 4 * count;
      return start;
    };
    const singles = pointers(singleTable.length, this.firstSingle);
    const doubles = pointers(doubleTable.length, this.firstDouble);
    const copyright = at;
    for (const character of COPYRIGHT) half.setUint8(at++, character.charCodeAt(0));
    at = (at + 3) & ~3;
    const data = [
      ['SF', singles],
      ['SD', doubles],
      ['CR', copyright],
    ];
    put16(0x14, table(functions.map(([name, n]) => [name, address(n)])));
    put16(0x16, table(data));
    put16(0x18, address(this.lookupNumber));
    if (at > FUNCTIONS_AT || this.entry.length > 256) throw new Error('the boot ROM overflows');
  }

  /** Fills `entry`; returns the names and numbers of the functions that the ROM publishes. */
  addFunctions() {
    const add = (run) => this.entry.push(run) - 1;
    const { bus } = this;
    const nothing = () => CALL_CYCLES;
    const published = {
      P3: (r) => {
        // popcount32
        let x = r[0] >>> 0;
        let count = 0;
        for (; x; x &= x - 1) count++;
        r[0] = count;
        return CALL_CYCLES;
      },
      R3: (r) => {
        // reverse32
        let result = 0;
        for (let i = 0; i < 32; i++) result = (result << 1) | ((r[0] >>> i) & 1);
        r[0] = result;
        return CALL_CYCLES;
      },
      L3: (r) => {
        // clz32
        r[0] = Math.clz32(r[0]);
        return CALL_CYCLES;
      },
      T3: (r) => {
        // ctz32
        r[0] = r[0] ? 31 - Math.clz32(r[0] & -r[0]) : 32;
        return CALL_CYCLES;
      },
      MS: (r) => this.fill(r[0], r[1], r[2] >>> 0), // memset(pointer, byte, count)
      MC: (r) => this.copy(r[0], r[1], r[2] >>> 0), // memcpy(to, from, count)
      IF: nothing, // connect_internal_flash
      EX: nothing, // flash_exit_xip
      FC: (r, chip) => {
        // flash_flush_cache: also takes back a forced chip select
        bus.cache?.flush();
        chip.flashSelect.release();
        return CALL_CYCLES;
      },
      CX: nothing, // flash_enter_cmd_xip
      RE: (r) => this.erase(r[0] >>> 0, r[1] >>> 0, r[2] >>> 0),
      RP: (r) => this.program(r[0] >>> 0, r[1] >>> 0, r[2] >>> 0),
      UB: () => {
        this.onBootsel();
        return 0;
      },
      WV: () => {
        // wait_for_vector: where the second core waits
        throw new Error('the first core waits for a vector');
      },
    };
    const names = Object.entries(published).map(([name, run]) => [name, add(run)]);
    const number = Object.fromEntries(names);
    // The word-wise versions do the same for arguments that are multiples of 4
    names.push(['S4', number.MS], ['C4', number.MC]);
    this.lookupNumber = add((r) => {
      // (table, code) -> pointer, or 0
      let at = r[0] & 0xffff;
      while (bus.read16(at) && bus.read16(at) !== (r[1] & 0xffff)) at += 4;
      r[0] = bus.read16(at) ? bus.read16(at + 2) : 0;
      return CALL_CYCLES;
    });
    this.firstSingle = this.entry.length;
    singleTable.forEach(add);
    this.firstDouble = this.entry.length;
    doubleTable.forEach(add);
    return names;
  }

  /** Carries out function n; returns its cycles, or null if the ROM has no such function. */
  call(n, registers, chip) {
    const run = this.entry[n];
    return run ? run(registers, chip) : null;
  }

  fill(to, byte, count) {
    const at = this.memory.locate(to, count);
    if (at >= 0) this.memory.u8.fill(byte & 0xff, at, at + count);
    else for (let i = 0; i < count; i++) this.bus.write8(to + i, byte & 0xff);
    return CALL_CYCLES + (count >> 1);
  }

  copy(to, from, count) {
    const target = this.memory.locate(to, count);
    const source = this.memory.locate(from, count);
    const { cache } = this.bus;
    let waits = 0;
    if (target >= 0 && source >= 0) {
      this.memory.u8.copyWithin(target, source, source + count);
      if (cache && source >= FLASH_AT) waits = cache.readRun(source, count);
    } else for (let i = 0; i < count; i++) this.bus.write8(to + i, this.bus.read8(from + i));
    return CALL_CYCLES + (count >> 1) + waits;
  }

  /** Erases whole sectors, and as many as possible of them as blocks. Returns cycles. */
  erase(offset, count, blockSize) {
    let milliseconds = 0;
    for (let at = offset; at < offset + count && at < FLASH_SIZE;) {
      const block = blockSize > SECTOR && at % blockSize === 0 && at + blockSize <= offset + count;
      const length = block ? blockSize : SECTOR;
      this.flash.erase(at, length);
      milliseconds += block ? BLOCK_ERASE_MS : SECTOR_ERASE_MS;
      at += length;
    }
    return this.cycles(milliseconds);
  }

  /** Programs whole pages, one flash operation each. Returns cycles. */
  program(offset, from, count) {
    let milliseconds = 0;
    for (let at = 0; at < count && offset + at < FLASH_SIZE; at += PAGE) {
      const page = new Uint8Array(PAGE);
      for (let i = 0; i < PAGE; i++) page[i] = this.bus.read8(from + at + i);
      this.flash.program(offset + at, page);
      milliseconds += PAGE_PROGRAM_MS;
    }
    return this.cycles(milliseconds);
  }

  cycles(milliseconds) {
    return Math.round((milliseconds / 1e3) * this.bus.chip.clkSys);
  }
}
