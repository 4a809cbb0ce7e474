// A whole Pico: our core, memories, boot ROM and USB, rp2040js's other peripherals, and the
// loop that runs them against the wall clock.
import { randomInt } from 'node:crypto';
import { BootRom } from './bootrom.mjs';
import { Bus } from './bus.mjs';
import { FlashCache } from './cache.mjs';
import { Clock } from './clock.mjs';
import { Core } from './core.mjs';
import { RP2040 } from './library.mjs';
import { FLASH_SIZE, Memory } from './memory.mjs';
import { clockPio } from './pio.mjs';
import { Pins, SIO_GPIO_IN } from './pins.mjs';
import { SensorBoard } from './sensors/board.mjs';
import { FlashSelect, Registers, SerialFlash } from './spiflash.mjs';
import { repairUart } from './uart.mjs';
import { UsbDevice } from './usbdevice.mjs';
import { UsbHost } from './usbhost.mjs';

const DEFAULT_FREQUENCY = 125_000_000;
const BOOT2_SIZE = 256;
const BOOT2_RUNS_AT = 0x20041f00; // where the ROM copies it; datasheet 2.8.1.3.1
const USB_RESET_BIT = 1 << 24;
const CORE1_BIT = 1 << 16; // of the power-on state machine
const XIP_FLUSH = 0x4;
const QSPI_PINS_HIGH = 0x3e; // all but the clock
const FLASH_SELECT = 1 << 1; // which the BOOTSEL button pulls low

const TEMPERATURE_CHANNEL = 4;
const TEMPERATURE_27_C = 876; // 0.706 V of 3.3 V, 12 bits; datasheet 4.9.5

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** The checksum that the boot ROM asks of boot2: CRC-32/MPEG-2. */
export function bootChecksum(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x80000000 ? 0x04c11db7 : 0);
  }
  return crc >>> 0;
}

export class Machine {
  /**
   * @param makeFlash (array) -> the flash chip behind that array
   * @param cache whether reads of flash wait for it as a board's do; without, they never wait
   */
  constructor(makeFlash, cache = false) {
    this.memory = new Memory();
    this.flash = makeFlash(this.memory.flash);
    this.bus = new Bus(this.memory);
    this.core = new Core(this.memory, this.bus);
    if (cache) this.bus.cache = this.core.cache = new FlashCache();
    this.bus.onFault = (reason) => this.core.fault(reason);
    this.rom = new BootRom(this.memory, this.bus, this.flash);
    this.rom.onBootsel = () => this.stop('bootsel');
    this.core.onBreakpoint = (n) => this.breakpoint(n);
    this.core.onLockup = (reason) => this.onStop('lockup', reason);
    this.onStop = () => {}; // (why: 'reset', 'bootsel' or 'lockup', reason)
    this.onWarning = () => {};
    this.grounded = undefined; // number of a GPIO that is connected to ground
    this.bootselDown = false;
    this.board = new SensorBoard(); // what is wired to the pins
    this.host = null;
    this.past = 0; // nanoseconds before the last reset
    const machine = this;
    /** Emulated time since the Pico was plugged in; it goes on through resets. */
    this.time = {
      get nanos() {
        return machine.past + machine.clock.nanos;
      },
      /** While a PIO program moves a pin, the time of its instruction. */
      get pinNanos() {
        return machine.past + machine.pio.nanos;
      },
      level: (pin) => machine.pio.level(pin),
    };
  }

  /** True if the first 256 bytes of flash are a boot stage that the ROM would run. */
  get bootable() {
    const boot2 = this.memory.flash.subarray(0, BOOT2_SIZE);
    const stored = new DataView(boot2.buffer, boot2.byteOffset).getUint32(BOOT2_SIZE - 4, true);
    return stored === bootChecksum(boot2.subarray(0, BOOT2_SIZE - 4));
  }

  /** Resets everything but the memories. `reason` is what the watchdog keeps, 0 after power-on. */
  powerOn(reason = 0) {
    this.host?.disconnected();
    const scratch = reason ? this.watchdog.scratchData : null;
    if (this.clock) this.past += this.clock.base;
    this.clock = new Clock(DEFAULT_FREQUENCY);
    this.clock.core = this.core;
    this.core.reset();
    this.bus.cache?.flush();
    const chip = this.makeChip();
    this.watchdog.reason = reason;
    if (scratch) this.watchdog.scratchData.set(scratch);
    // As the boot ROM: copy boot2 to RAM and run it with LR = 0, "go on into the program"
    const at = this.memory.locate(BOOT2_RUNS_AT, BOOT2_SIZE);
    this.memory.u8.set(this.memory.flash.subarray(0, BOOT2_SIZE), at);
    this.core.registers[13] = BOOT2_RUNS_AT;
    this.core.registers[15] = BOOT2_RUNS_AT;
    this.usb = new UsbDevice(chip);
    chip.usbCtrl = this.usb;
    chip.peripherals[0x50110] = this.usb;
    this.host = new UsbHost(this.usb);
    return this.host;
  }

  makeChip() {
    const { memory, core } = this;
    const chip = new RP2040(this.clock);
    chip.logger = quiet;
    chip.core = core;
    chip.flash = memory.flash;
    chip.flash16 = new Uint16Array(memory.buffer, memory.flash.byteOffset, FLASH_SIZE / 2);
    chip.flashView = new DataView(memory.buffer, memory.flash.byteOffset, FLASH_SIZE);
    chip.sram = memory.sram;
    chip.sramView = new DataView(memory.buffer, memory.sram.byteOffset, memory.sram.length);
    chip.bootrom = new Uint32Array(memory.buffer, memory.rom.byteOffset, memory.rom.length / 4);
    chip.addClockListener((frequency) => this.clock.setFrequency(frequency));

    const ssi = new SerialFlash(this.flash.uniqueId);
    chip.flashSelect = new FlashSelect(ssi);
    chip.peripherals[0x18000] = ssi;
    chip.peripherals[0x40018] = chip.flashSelect;
    chip.peripherals[0x14000] = new Registers({ 0x08: 3 }); // XIP_CTRL: flushed, FIFO empty
    onWrite(chip.peripherals[0x14000], XIP_FLUSH, () => this.bus.cache?.flush());
    chip.peripherals[0x40060] = new RingOscillator();
    chip.peripherals[0x40064] = new Registers({ 0x00: 0xb1, 0x04: 0x09, 0x08: 0x100 }); // VREG
    this.watchdog = chip.peripherals[0x40058];
    this.watchdog.onWatchdogTrigger = () => {
      this.watchdog.alarm.enable = false; // the package would raise it again and again
      this.stop('reset', this.watchdog.reason);
    };
    onWrite(chip.peripherals[0x4000c], 0x0, (value) => value & USB_RESET_BIT && this.usb.reset());
    chip.adc.channelValues[TEMPERATURE_CHANNEL] = TEMPERATURE_27_C;
    this.pins = new Pins(chip);
    if (this.grounded !== undefined) this.pins.pull(this.grounded, true);
    this.pio = clockPio(chip);
    for (const uart of chip.uart) repairUart(chip, uart);
    this.completeSio(chip);
    this.board.attach(chip, this.pins, this.time);
    this.bus.chip = chip;
    return chip;
  }

  /** A button from a GPIO to ground, or BOOTSEL, goes down or up; whether there is such a one. */
  press(pin, down) {
    if (pin === 'bootsel') this.bootselDown = down;
    else if (Number.isInteger(pin) && pin >= 0 && pin < 30) this.pins.pull(pin, down);
    else return false;
    return true;
  }

  /**
   * What SIO lacks: output pins that can be read, the BOOTSEL button, and the second core's side
   * of the mailbox, which answers a reset and never runs a program.
   */
  completeSio(chip) {
    const { sio } = chip;
    const read = sio.readUint32.bind(sio);
    const write = sio.writeUint32.bind(sio);
    const mailbox = [];
    let warned = false;
    sio.readUint32 = (offset) => {
      if (offset === SIO_GPIO_IN) {
        this.pio.catchUp();
        return this.pins.levels;
      }
      if (offset === 0x08) return QSPI_PINS_HIGH & ~(this.bootselDown ? FLASH_SELECT : 0); // GPIO_HI_IN
      if (offset === 0x50) return (mailbox.length ? 1 : 0) | 2; // FIFO_ST: valid, ready
      if (offset === 0x58) return mailbox.shift() ?? 0; // FIFO_RD
      return read(offset);
    };
    sio.writeUint32 = (offset, value) => {
      if (offset === 0x50) return; // clears error flags
      if (offset !== 0x54) write(offset, value);
      else if (!warned) {
        warned = true;
        this.onWarning(
          'the program starts the second core, which is not emulated, and waits for it',
        );
      }
    };
    let off = false;
    onWrite(chip.peripherals[0x40010], 0x4, (value) => {
      if (off && !(value & CORE1_BIT)) mailbox.push(0); // "drained my mailbox"
      off = (value & CORE1_BIT) !== 0;
    });
  }

  breakpoint(n) {
    const { core } = this;
    if (core.registers[15] >>> 0 >= this.memory.rom.length) return false;
    const cycles = this.rom.call(n, core.registers, this.bus.chip);
    if (cycles === null) return false;
    core.left -= cycles;
    return true;
  }

  stop(why, reason) {
    if (this.core.halted) return;
    this.core.halt();
    this.onStop(why, reason);
  }

  /** Runs at most `cycles`, up to the next alarm; runs the alarms that are due then. */
  runSlice(cycles) {
    const { core, clock } = this;
    core.budget = core.left = clock.cyclesToNextAlarm(cycles);
    core.run();
    const nanos = core.elapsed * clock.nanosPerCycle;
    core.budget = core.left = 0;
    clock.advance(nanos);
  }

  get sleeping() {
    return this.core.waiting !== false && !this.core.wake();
  }
}

/** Calls `then` with the new value after each write to one register of a peripheral. */
function onWrite(peripheral, register, then) {
  const write = peripheral.writeUint32.bind(peripheral);
  peripheral.writeUint32 = (offset, value) => {
    write(offset, value);
    if (offset === register) then(value);
  };
}

/** The ring oscillator: on and stable, and a source of random bits. */
class RingOscillator extends Registers {
  readUint32(offset) {
    if (offset === 0x18) return 0x80001000; // STATUS: stable, enabled
    if (offset === 0x1c) return randomInt(2); // RANDOMBIT
    return super.readUint32(offset);
  }
}
