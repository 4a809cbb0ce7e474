// An I2C controller of the RP2040, as a master: its FIFOs, interrupts, aborts and timing.
// Source: RP2040 datasheet, section 4.3 (registers 4.3.17). It takes the place of rp2040js's, which
// reports the end of a byte early and hangs after an address that nobody answers.
import { combine } from './spiflash.mjs';

const IC_CON = 0x00;
const IC_TAR = 0x04;
const IC_DATA_CMD = 0x10;
const IC_SS_SCL_HCNT = 0x14;
const IC_SS_SCL_LCNT = 0x18;
const IC_FS_SCL_HCNT = 0x1c;
const IC_FS_SCL_LCNT = 0x20;
const IC_INTR_STAT = 0x2c;
const IC_INTR_MASK = 0x30;
const IC_RAW_INTR_STAT = 0x34;
const IC_RX_TL = 0x38;
const IC_TX_TL = 0x3c;
const IC_CLR_INTR = 0x40;
const IC_ENABLE = 0x6c;
const IC_STATUS = 0x70;
const IC_TXFLR = 0x74;
const IC_RXFLR = 0x78;
const IC_SDA_HOLD = 0x7c;
const IC_TX_ABRT_SOURCE = 0x80;
const IC_DMA_CR = 0x88;
const IC_ENABLE_STATUS = 0x9c;
const IC_FS_SPKLEN = 0xa0;

/** Registers that clear one raw interrupt when they are read. */
const CLEARS = {
  0x44: 1 << 0, 0x48: 1 << 1, 0x4c: 1 << 3, 0x50: 1 << 5, 0x54: 1 << 6, 0x58: 1 << 7,
  0x5c: 1 << 8, 0x60: 1 << 9, 0x64: 1 << 10, 0x68: 1 << 11, 0xa8: 1 << 12,
}; // prettier-ignore

// Raw interrupts
const RX_UNDER = 1 << 0;
const RX_OVER = 1 << 1;
const RX_FULL = 1 << 2;
const TX_OVER = 1 << 3;
const TX_EMPTY = 1 << 4;
const TX_ABRT = 1 << 6;
const STOP_DET = 1 << 9;
const START_DET = 1 << 10;

// IC_CON, IC_ENABLE
const FAST = 2; // of the two bits of the speed
const TX_EMPTY_CTRL = 1 << 8;
const ENABLE = 1 << 0;
const ABORT = 1 << 1;
const TX_CMD_BLOCK = 1 << 2;

// IC_DATA_CMD
const READ = 1 << 8;
const STOP = 1 << 9;
const RESTART = 1 << 10;
const FIRST_DATA_BYTE = 1 << 11;

// IC_TX_ABRT_SOURCE
const ADDRESS_NACK = 1 << 0;
const DATA_NACK = 1 << 3;
const USER_ABORT = 1 << 16;
const FLUSHED_SHIFT = 23;

const DEPTH = 16; // entries of either FIFO
const FIRST_IRQ = 23;
const FIRST_DREQ = 32; // transmit, then receive
const BYTE = 9; // bit times of eight bits and the acknowledgement

export class I2cController {
  /** @param find (index, address) -> the target on this controller's pins, or undefined */
  constructor(chip, index, find) {
    this.chip = chip;
    this.index = index;
    this.find = find;
    this.kept = {
      [IC_CON]: 0x65, [IC_TAR]: 0x55, [IC_SS_SCL_HCNT]: 0x28, [IC_SS_SCL_LCNT]: 0x2f,
      [IC_FS_SCL_HCNT]: 0x06, [IC_FS_SCL_LCNT]: 0x0d, [IC_INTR_MASK]: 0x8ff, [IC_SDA_HOLD]: 1,
      [IC_FS_SPKLEN]: 7, 0xf8: 0x3230312a, 0xfc: 0x44570140,
    }; // prettier-ignore
    this.enable = 0;
    this.flags = 0; // raw interrupts that last until they are cleared
    this.abortSource = 0;
    this.tx = [];
    this.rx = [];
    this.target = null; // the device that has answered
    this.held = false; // between START and STOP
    this.reading = false;
    this.sending = false; // an address or a byte is on the wire
    this.then = null;
    this.alarm = chip.clock.createAlarm(() => this.then());
  }

  /** One period of SCL, in nanoseconds. */
  get bitNanos() {
    const fast = ((this.kept[IC_CON] >> 1) & 3) >= FAST;
    const high = this.kept[fast ? IC_FS_SCL_HCNT : IC_SS_SCL_HCNT];
    const low = this.kept[fast ? IC_FS_SCL_LCNT : IC_SS_SCL_LCNT];
    return ((high + low) * 1e9) / this.chip.clkSys;
  }

  /** Carries on after so many bit times. */
  after(bits, then) {
    this.then = then;
    this.alarm.schedule(bits * this.bitNanos);
  }

  get raw() {
    const { kept, tx, rx } = this;
    const empty = tx.length <= kept[IC_TX_TL] || tx.length === 0;
    const done = !(kept[IC_CON] & TX_EMPTY_CTRL) || !this.sending;
    return (
      this.flags |
      (empty && done && this.enable & ENABLE ? TX_EMPTY : 0) |
      (rx.length > (kept[IC_RX_TL] ?? 0) ? RX_FULL : 0)
    );
  }

  update() {
    this.chip.setInterrupt(FIRST_IRQ + this.index, (this.raw & this.kept[IC_INTR_MASK]) !== 0);
    const dma = this.kept[IC_DMA_CR] ?? 0;
    this.request(0, dma & 2 && this.tx.length < DEPTH);
    this.request(1, dma & 1 && this.rx.length > 0);
  }

  request(receive, wanted) {
    const channel = FIRST_DREQ + 2 * this.index + receive;
    if (wanted) this.chip.dma.setDREQ(channel);
    else this.chip.dma.clearDREQ(channel);
  }

  /** Starts what the first command asks for, unless something is under way. */
  next() {
    const blocked = !(this.enable & ENABLE) || this.enable & TX_CMD_BLOCK;
    if (this.alarm.scheduled || blocked || !this.tx.length || this.flags & TX_ABRT) return;
    const [command] = this.tx;
    const reading = (command & READ) !== 0;
    this.sending = true;
    if (this.held && !(command & RESTART) && reading === this.reading) {
      this.byte(false);
      return;
    }
    this.reading = reading;
    this.held = true;
    this.flags |= START_DET;
    this.after(1 + BYTE, () => {
      const target = this.find(this.index, this.kept[IC_TAR] & 0x7f);
      this.target = target?.begin(reading) ? target : null;
      if (this.target) this.byte(true);
      else this.abort(ADDRESS_NACK);
    });
  }

  byte(first) {
    if (!this.tx.length) {
      // Disabled meanwhile
      this.sending = false;
      this.update();
      return;
    }
    const command = this.tx.shift();
    this.update(); // there is room for one more
    this.after(BYTE, () => {
      if (command & READ) this.receive(this.target.read() | (first ? FIRST_DATA_BYTE : 0));
      else if (!this.target.write(command & 0xff)) {
        this.abort(DATA_NACK);
        return;
      }
      this.sending = false;
      this.update();
      if (command & STOP) this.stop();
      else this.next();
    });
  }

  receive(value) {
    if (this.rx.length < DEPTH) this.rx.push(value);
    else this.flags |= RX_OVER;
  }

  abort(reason) {
    this.abortSource |= reason | (this.tx.length << FLUSHED_SHIFT);
    this.tx = [];
    this.flags |= TX_ABRT;
    this.sending = false;
    this.update();
    this.stop();
  }

  stop() {
    this.after(1, () => {
      this.target?.end();
      this.target = null;
      this.held = false;
      this.flags |= STOP_DET;
      this.enable &= ~ABORT;
      this.update();
      this.next();
    });
  }

  readUint32(offset) {
    offset &= 0xfff;
    switch (offset) {
      case IC_DATA_CMD: {
        if (!this.rx.length) this.flags |= RX_UNDER;
        const value = this.rx.shift() ?? 0;
        this.update();
        return value;
      }
      case IC_INTR_STAT: return this.raw & this.kept[IC_INTR_MASK];
      case IC_RAW_INTR_STAT: return this.raw;
      case IC_CLR_INTR: return this.clear(-1);
      case IC_ENABLE: return this.enable;
      case IC_STATUS: {
        const active = this.held || this.alarm.scheduled ? 0x21 : 0;
        const rx = (this.rx.length ? 8 : 0) | (this.rx.length === DEPTH ? 16 : 0);
        return active | rx | (this.tx.length ? 0 : 4) | (this.tx.length < DEPTH ? 2 : 0);
      }
      case IC_TXFLR: return this.tx.length;
      case IC_RXFLR: return this.rx.length;
      case IC_TX_ABRT_SOURCE: return this.abortSource;
      case IC_ENABLE_STATUS: return this.enable & ENABLE;
      default:
        if (offset in CLEARS) return this.clear(CLEARS[offset]);
        return this.kept[offset] ?? 0;
    }
  } // prettier-ignore

  clear(flags) {
    const cleared = this.flags & flags;
    this.flags &= ~flags;
    if (flags & TX_ABRT) this.abortSource = 0;
    this.update();
    return cleared ? 1 : 0;
  }

  writeUint32Atomic(offset, value, type) {
    this.writeUint32(offset, combine(type ? this.readUint32(offset) : 0, value, type));
  }

  writeUint32(offset, value) {
    if (offset === IC_DATA_CMD) {
      // Commands are flushed until the program has seen the abort
      if (this.tx.length === DEPTH) this.flags |= TX_OVER;
      else if (this.enable & ENABLE && !(this.flags & TX_ABRT)) this.tx.push(value & 0x7ff);
    } else if (offset === IC_ENABLE) {
      this.setEnable(value);
    } else {
      this.kept[offset] = value;
    }
    this.next();
    this.update();
  }

  setEnable(value) {
    const idle = !this.held && !this.alarm.scheduled;
    this.enable = value & (ENABLE | TX_CMD_BLOCK);
    if (!(value & ENABLE)) {
      this.tx = [];
      this.rx = [];
    } else if (value & ABORT && !idle) {
      this.enable |= ABORT;
      this.alarm.cancel();
      this.abort(USER_ABORT);
    }
  }
}
