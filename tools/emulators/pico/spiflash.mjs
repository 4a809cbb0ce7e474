// The serial side of the flash chip: the SSI controller and its chip select, as far as boot2 and
// the Pico SDK's flash_do_cmd drive them. Commands: W25Q16JV data sheet, section 8.1.
// SSI registers: RP2040 datasheet, section 4.10.13.

const SSIENR = 0x08;
const RXFLR = 0x24;
const SR = 0x28;
const IDR = 0x58;
const VERSION = 0x5c;
const DR0 = 0x60;
const DR_END = 0xf0;

const SR_TX_ROOM_AND_EMPTY = 0x6;
const SR_RX_NOT_EMPTY = 0x8;

const SS_CTRL = 0x0c; // in IO_QSPI
const OUTOVER_LOW = 2;

/** A block of registers that keep what is written to them. */
export class Registers {
  constructor(initial = {}) {
    this.values = { ...initial };
  }

  readUint32(offset) {
    return this.values[offset] ?? 0;
  }

  writeUint32(offset, value) {
    this.values[offset] = value;
  }

  writeUint32Atomic(offset, value, type) {
    // A plain write must not read: some registers change when they are read
    const old = type ? this.readUint32(offset) : 0;
    this.writeUint32(offset, combine(old, value, type));
  }
}

/** What the four aliases of a peripheral write: plain, XOR, set, clear. */
export const combine = (old, value, type) =>
  [value, old ^ value, old | value, old & ~value][type] >>> 0;

/** IO_QSPI: only the override of the chip select has an effect. */
export class FlashSelect extends Registers {
  constructor(ssi) {
    super();
    this.ssi = ssi;
  }

  writeUint32(offset, value) {
    super.writeUint32(offset, value);
    if (offset === SS_CTRL) this.ssi.select(((value >>> 8) & 3) === OUTOVER_LOW);
  }

  release() {
    this.writeUint32(SS_CTRL, 0);
  }
}

export class SerialFlash extends Registers {
  constructor(uniqueId) {
    super();
    this.replies = {
      0x05: [0x00], // status 1: not busy
      0x35: [0x02], // status 2: quad enabled
      0x9f: [0xef, 0x40, 0x15], // JEDEC: Winbond, 2 MiB
      0x4b: [0, 0, 0, 0, ...uniqueId], // after four bytes of nothing
    };
    this.forced = false; // the chip select is held low by software
    this.clear();
  }

  clear() {
    this.sent = []; // bytes of the command that runs
    this.received = [];
  }

  select(low) {
    this.forced = low;
    this.sent = [];
  }

  readUint32(offset) {
    if (offset === SR) return SR_TX_ROOM_AND_EMPTY | (this.received.length ? SR_RX_NOT_EMPTY : 0);
    if (offset === RXFLR) return this.received.length;
    if (offset === IDR) return 0x51535049;
    if (offset === VERSION) return 0x3430312a;
    if (offset < DR0 || offset >= DR_END) return super.readUint32(offset);
    const byte = this.received.shift() ?? 0;
    // Without software's hand on it, the select goes up when the FIFO has run dry
    if (!this.forced && this.received.length === 0) this.sent = [];
    return byte;
  }

  writeUint32(offset, value) {
    if (offset === SSIENR && !(value & 1)) this.clear();
    if (offset < DR0 || offset >= DR_END) {
      super.writeUint32(offset, value);
      return;
    }
    const reply = this.replies[this.sent[0]];
    const n = this.sent.length - 1;
    this.received.push(reply && n >= 0 ? reply[Math.min(n, reply.length - 1)] : 0);
    this.sent.push(value & 0xff);
  }
}
