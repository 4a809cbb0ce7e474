// The RP2040's memories in one buffer, so that code and data are one typed-array access away.
// Addresses: RP2040 datasheet, section 2.2.

export const ROM_BASE = 0x00000000;
export const ROM_SIZE = 0x4000;
export const FLASH_BASE = 0x10000000;
export const FLASH_SIZE = 0x200000; // 2 MiB, the W25Q16JV of the Pico
export const SRAM_BASE = 0x20000000;
export const SRAM_SIZE = 0x42000; // 264 KiB: four striped banks and two of 4 KiB

// Where each memory starts in the buffer. Multiples of 4, in an order of no importance.
export const ROM_AT = 0;
export const SRAM_AT = 0x8000;
export const FLASH_AT = 0x80000;

export class Memory {
  constructor() {
    this.buffer = new ArrayBuffer(FLASH_AT + FLASH_SIZE);
    this.u8 = new Uint8Array(this.buffer);
    this.i8 = new Int8Array(this.buffer);
    this.u16 = new Uint16Array(this.buffer);
    this.i16 = new Int16Array(this.buffer);
    this.i32 = new Int32Array(this.buffer);
    this.rom = new Uint8Array(this.buffer, ROM_AT, ROM_SIZE);
    this.sram = new Uint8Array(this.buffer, SRAM_AT, SRAM_SIZE);
    this.flash = new Uint8Array(this.buffer, FLASH_AT, FLASH_SIZE);
  }

  /** Offset in the buffer of a run of `length` bytes at `address`, or -1 if it is not memory. */
  locate(address, length) {
    address >>>= 0;
    const inside = (base, size) => address >= base && address + length <= base + size;
    if (inside(SRAM_BASE, SRAM_SIZE)) return address - SRAM_BASE + SRAM_AT;
    if (inside(FLASH_BASE, FLASH_SIZE)) return address - FLASH_BASE + FLASH_AT;
    if (inside(ROM_BASE, ROM_SIZE)) return address - ROM_BASE + ROM_AT;
    return -1;
  }
}
