// The RP2040's USB controller in device mode, and the wire. The host side (usbhost.mjs) is told
// about packets and asked for them; a packet that the host does not take stays in its buffer.
// Registers and buffer control: RP2040 datasheet, sections 4.1.2 and 4.1.4.
import { combine } from './spiflash.mjs';

const MAIN_CTRL = 0x40;
const SOF_RD = 0x48;
const SIE_CTRL = 0x4c;
const SIE_STATUS = 0x50;
const BUFF_STATUS = 0x58;
const EP_ABORT = 0x60;
const EP_ABORT_DONE = 0x64;
const MUXING = 0x74;
const INTR = 0x8c;
const INTE = 0x90;
const INTF = 0x94;
const INTS = 0x98;

const CONTROLLER_EN = 1 << 0;
const PULLUP_EN = 1 << 16; // of SIE_CTRL

// SIE_STATUS
const LINE_STATE_J = 1 << 2;
const CONNECTED = 1 << 16;
const SETUP_REC = 1 << 17;
const BUS_RESET = 1 << 19;
const CLEARED_BY_WRITING = 0xff0f0810 | BUS_RESET;

// Interrupts
const INT_BUFF_STATUS = 1 << 4;
const INT_BUS_RESET = 1 << 12;
const INT_SETUP_REQ = 1 << 16;
const INT_DEV_SOF = 1 << 17;
const USBCTRL_IRQ = 5;

// Buffer control, one half for each buffer
const AVAILABLE = 1 << 10;
const STALL = 1 << 11;
const FULL = 1 << 15;
const LENGTH = 0x3ff;

// Endpoint control
const DOUBLE_BUFFERED = 1 << 30;
const PER_DOUBLE_BUFFER = 1 << 28;

const BUFFER_CONTROL = 0x80; // of EP0 IN; OUT follows, then EP1, ...
const EP0_BUFFER = 0x100;
const PACKET = 64;

const PACKET_NANOS = 50_000; // 64 bytes and overhead at 12 Mbit/s
const FRAME_NANOS = 1_000_000;
const RESET_NANOS = 10_000_000;
const AFTER_RESET_NANOS = 5_000_000; // longer than the enumeration workaround for B0 chips

export class UsbDevice {
  constructor(chip) {
    this.chip = chip;
    this.view = chip.usbDPRAMView;
    this.ram = chip.usbDPRAM;
    this.host = null;
    this.wires = new Map(); // endpoint and direction -> the alarm of the packet under way
    this.resetAlarm = chip.clock.createAlarm(() => this.endReset());
    this.enumerateAlarm = chip.clock.createAlarm(() => this.host?.enumerate());
    this.frameAlarm = chip.clock.createAlarm(() => this.frame());
    this.reset();
  }

  reset() {
    for (const alarm of this.wires.values()) alarm.cancel();
    this.resetAlarm.cancel();
    this.enumerateAlarm.cancel();
    this.frameAlarm.cancel();
    this.others = {};
    this.mainCtrl = 0;
    this.sieCtrl = 0;
    this.sieStatus = LINE_STATE_J;
    this.buffStatus = 0;
    this.abort = 0;
    this.intEnable = 0;
    this.intForce = 0;
    this.sof = false;
    this.frameNumber = 0;
    this.update();
    this.host?.disconnected();
  }

  get raw() {
    return (
      (this.buffStatus ? INT_BUFF_STATUS : 0) |
      (this.sieStatus & BUS_RESET ? INT_BUS_RESET : 0) |
      (this.sieStatus & SETUP_REC ? INT_SETUP_REQ : 0) |
      (this.sof ? INT_DEV_SOF : 0)
    );
  }

  update() {
    const status = (this.raw & this.intEnable) | this.intForce;
    this.chip.setInterrupt(USBCTRL_IRQ, status !== 0);
  }

  readUint32(offset) {
    switch (offset) {
      case MAIN_CTRL: return this.mainCtrl;
      case SOF_RD:
        this.sof = false;
        this.update();
        return this.frameNumber;
      case SIE_CTRL: return this.sieCtrl;
      case SIE_STATUS: return this.sieStatus;
      case BUFF_STATUS: return this.buffStatus;
      case EP_ABORT: case EP_ABORT_DONE: return this.abort;
      case INTR: return this.raw;
      case INTE: return this.intEnable;
      case INTF: return this.intForce;
      case INTS: return (this.raw & this.intEnable) | this.intForce;
      default: return this.others[offset] ?? 0;
    }
  }

  writeUint32Atomic(offset, value, type) {
    const combined = combine(type ? this.readUint32(offset) : 0, value, type);
    switch (offset) {
      case MAIN_CTRL:
        this.mainCtrl = combined;
        break;
      case SIE_CTRL: {
        const before = this.sieCtrl;
        this.sieCtrl = combined;
        if ((before ^ combined) & PULLUP_EN) this.plug((combined & PULLUP_EN) !== 0);
        break;
      }
      case SIE_STATUS: // any way of writing clears the bits that are written as 1
        this.sieStatus &= ~(value & CLEARED_BY_WRITING);
        break;
      case BUFF_STATUS:
        this.buffStatus &= ~value;
        break;
      case EP_ABORT:
        this.abort = combined;
        break;
      case EP_ABORT_DONE:
        break;
      case INTE:
        this.intEnable = combined;
        if (combined & INT_DEV_SOF && !this.frameAlarm.scheduled) {
          this.frameAlarm.schedule(FRAME_NANOS);
        }
        break;
      case INTF:
        this.intForce = combined;
        break;
      case MUXING: // the workaround for B0 chips forces the line and waits for this
        this.others[offset] = combined;
        this.sieStatus |= CONNECTED;
        break;
      default:
        this.others[offset] = combined;
    }
    this.update();
  }

  plug(connected) {
    this.resetAlarm.cancel();
    this.enumerateAlarm.cancel();
    if (connected && this.mainCtrl & CONTROLLER_EN) this.resetAlarm.schedule(RESET_NANOS);
    if (!connected) this.host?.disconnected();
  }

  endReset() {
    this.sieStatus |= BUS_RESET | CONNECTED;
    this.enumerateAlarm.schedule(AFTER_RESET_NANOS);
    this.update();
  }

  frame() {
    this.frameNumber = (this.frameNumber + 1) & 0x7ff;
    this.sof = true;
    this.update();
    if (this.intEnable & INT_DEV_SOF) this.frameAlarm.schedule(FRAME_NANOS);
  }

  /** The host sends a SETUP packet. */
  setup(packet) {
    this.ram.set(packet, 0);
    this.sieStatus |= SETUP_REC;
    this.update();
  }

  control(endpoint, out) {
    return this.view.getUint32(BUFFER_CONTROL + 8 * endpoint + (out ? 4 : 0), true);
  }

  /** The chip wrote to the USB memory. */
  DPRAMUpdated(offset, value) {
    if (offset < BUFFER_CONTROL || offset >= EP0_BUFFER) return;
    const endpoint = (offset - BUFFER_CONTROL) >> 3;
    const out = (offset & 4) !== 0;
    if (value & STALL) this.host?.stalled(endpoint, out);
    else if (value & (AVAILABLE | (AVAILABLE << 16))) this.poll(endpoint, out);
  }

  /** Starts a packet if the chip has a buffer for it and the host wants it. */
  poll(endpoint, out) {
    const key = 2 * endpoint + (out ? 1 : 0);
    let alarm = this.wires.get(key);
    if (alarm?.scheduled || !this.host) return;
    if (!(this.control(endpoint, out) & (AVAILABLE | (AVAILABLE << 16)))) return;
    if (!this.host.ready(endpoint, out)) return;
    if (!alarm) {
      alarm = this.chip.clock.createAlarm(() => this.transfer(endpoint, out));
      this.wires.set(key, alarm);
    }
    alarm.schedule(PACKET_NANOS);
  }

  transfer(endpoint, out) {
    const at = BUFFER_CONTROL + 8 * endpoint + (out ? 4 : 0);
    const endpointControl = endpoint ? this.view.getUint32(8 * endpoint + (out ? 4 : 0), true) : 0;
    let control = this.view.getUint32(at, true);
    // Buffer 0 first: the chip's software starts every transfer with it
    const second = !(control & AVAILABLE);
    if (second && !(control & (AVAILABLE << 16))) return;
    const shift = second ? 16 : 0;
    const base = (endpoint ? endpointControl & 0xffc0 : EP0_BUFFER) + (second ? PACKET : 0);
    const length = (control >>> shift) & LENGTH;
    control &= ~(AVAILABLE << shift);
    if (out) {
      const packet = this.host.take(endpoint, Math.min(length, PACKET));
      this.ram.set(packet, base);
      control = (control & ~(LENGTH << shift)) | ((packet.length | FULL) << shift);
    } else {
      control &= ~(FULL << shift);
    }
    this.view.setUint32(at, control, true);
    const more = endpointControl & DOUBLE_BUFFERED && control & (AVAILABLE << 16);
    if (!(more && endpointControl & PER_DOUBLE_BUFFER)) {
      this.buffStatus |= 1 << (2 * endpoint + (out ? 1 : 0));
      this.update();
    }
    if (!out) this.host.receive(endpoint, this.ram.slice(base, base + length));
    this.poll(endpoint, out);
  }
}
