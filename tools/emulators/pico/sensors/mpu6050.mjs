// An MPU6050: accelerometer, gyroscope, thermometer and FIFO behind its registers.
// Source: InvenSense RM-MPU-6000A-00, "MPU-6000 and MPU-6050 Register Map and Descriptions", rev. 4.2.
// Nothing runs between two accesses: the samples of the time that has passed are made up for then.
import { motionOf, refuseMotion } from './motion.mjs';

const SMPLRT_DIV = 0x19;
const CONFIG = 0x1a;
const GYRO_CONFIG = 0x1b;
const ACCEL_CONFIG = 0x1c;
const FIFO_EN = 0x23;
const INT_PIN_CFG = 0x37;
const INT_ENABLE = 0x38;
const INT_STATUS = 0x3a;
const ACCEL_XOUT_H = 0x3b;
const GYRO_ZOUT_L = 0x48;
const SIGNAL_PATH_RESET = 0x68;
const USER_CTRL = 0x6a;
const PWR_MGMT_1 = 0x6b;
const FIFO_COUNTH = 0x72;
const FIFO_COUNTL = 0x73;
const FIFO_R_W = 0x74;
const WHO_AM_I = 0x75;
const LAST_REGISTER = 0x75;

const FIFO_OFLOW_INT = 1 << 4;
const DATA_RDY_INT = 1 << 0;
const USER_FIFO_EN = 1 << 6;
const USER_RESETS = 0x07; // bits that clear themselves
const USER_FIFO_RESET = 1 << 2;
const DEVICE_RESET = 1 << 7;
const SLEEP = 1 << 6;
const INT_ACTIVE_LOW = 1 << 7;
const INT_RD_CLEAR = 1 << 4;
const LATCH_INT_EN = 1 << 5;

const FIFO_BYTES = 1024;
const TICK_NANOS = 125_000; // the 8 kHz of the gyroscope without its filter
const ACCEL_TICKS = 8; // the accelerometer's 1 kHz
const PULSE_NANOS = 50_000;
const COUNTS_PER_G = [16384, 8192, 4096, 2048]; // in the ranges of 2, 4, 8, 16 g
const COUNTS_PER_DEGREE = [131, 65.5, 32.8, 16.4]; // in those of 250, 500, 1000, 2000 degrees/s
const COUNTS_PER_KELVIN = 340;
const CELSIUS_AT_ZERO = 36.53;
const READ_ONLY = (register) =>
  (register >= INT_STATUS && register <= 0x60) || register >= FIFO_COUNTH;

/** The nearest count, halves upwards; what the range does not hold is clipped. */
export const toCount = (value) => Math.min(32767, Math.max(-32768, Math.floor(value + 0.5)));

export class Mpu6050 {
  constructor({ address = 0x68, identity = 0x68, interrupt, temperature = 25 } = {}) {
    this.address = address;
    this.identity = identity;
    this.interrupt = interrupt; // the GPIO that INT is wired to
    this.temperature = temperature;
    this.signal = null;
    this.motion = motionOf(null);
    this.lastByte = 0; // that the FIFO gave
    this.tick = 0; // up to which samples are made
    this.reset();
  }

  reset() {
    this.registers = new Uint8Array(LAST_REGISTER + 1);
    this.registers[PWR_MGMT_1] = SLEEP;
    this.registers[WHO_AM_I] = this.identity;
    this.pointer = 0;
    this.origin = this.tick; // tick from which samples are counted
    this.status = 0;
    this.clearFifo();
    this.countLatch = 0;
  }

  clearFifo() {
    this.fifo = new Uint8Array(FIFO_BYTES);
    this.first = 0;
    this.held = 0;
  }

  /** Connects a chip that has just got its power. `clock` tells the time since the first power. */
  attach(chip, pins, clock) {
    this.clock = clock;
    this.pin = this.interrupt === undefined ? null : chip.gpio[this.interrupt];
    this.sampleAlarm = chip.clock.createAlarm(() => this.raise());
    this.pulseAlarm = chip.clock.createAlarm(() => this.setPin(false));
    this.setPin(false);
    this.plan();
  }

  refuse(signal) {
    return refuseMotion(signal);
  }

  play(signal) {
    this.update();
    this.signal = signal;
    this.motion = motionOf(signal);
  }

  get asleep() {
    return (this.registers[PWR_MGMT_1] & SLEEP) !== 0;
  }

  /** Ticks from one sample to the next. */
  get period() {
    const filter = this.registers[CONFIG] & 7;
    return (filter === 0 || filter === 7 ? 1 : 8) * (1 + this.registers[SMPLRT_DIV]);
  }

  /** Makes the samples between the last access and now. */
  update() {
    const now = this.clock ? Math.floor(this.clock.nanos / TICK_NANOS + 1e-6) : 0;
    const { period, origin } = this;
    const before = Math.floor((this.tick - origin) / period);
    const after = Math.floor((now - origin) / period);
    this.tick = now;
    if (this.asleep || after === before) return;
    this.status |= DATA_RDY_INT;
    const size = this.frameBytes;
    if (!size || !(this.registers[USER_CTRL] & USER_FIFO_EN)) return;
    const fitting = Math.ceil(FIFO_BYTES / size);
    if (after - before > fitting + 1) this.status |= FIFO_OFLOW_INT; // what is pushed out unseen
    for (let i = Math.max(before, after - fitting) + 1; i <= after; i++)
      this.push(origin + i * period);
  }

  /** Bytes that a sample puts into the FIFO. */
  get frameBytes() {
    const enabled = this.registers[FIFO_EN];
    const gyros = ((enabled >> 6) & 1) + ((enabled >> 5) & 1) + ((enabled >> 4) & 1);
    return (enabled & 0x80 ? 2 : 0) + 2 * gyros + (enabled & 0x08 ? 6 : 0);
  }

  push(tick) {
    const enabled = this.registers[FIFO_EN];
    const counts = this.counts(tick);
    const put = (count) => {
      this.pushByte((count >> 8) & 0xff);
      this.pushByte(count & 0xff);
    };
    if (enabled & 0x08) for (let i = 0; i < 3; i++) put(counts[i]);
    if (enabled & 0x80) put(counts[3]);
    for (let i = 0; i < 3; i++) if (enabled & (0x40 >> i)) put(counts[4 + i]);
  }

  /** A full FIFO loses its oldest byte. */
  pushByte(byte) {
    if (this.held === FIFO_BYTES) {
      this.status |= FIFO_OFLOW_INT;
      this.first = (this.first + 1) % FIFO_BYTES;
      this.held--;
    }
    this.fifo[(this.first + this.held++) % FIFO_BYTES] = byte;
  }

  /** Acceleration, temperature and rotation at a tick, in the order of the registers. */
  counts(tick) {
    const accelTick = this.origin + Math.floor((tick - this.origin) / ACCEL_TICKS) * ACCEL_TICKS;
    const perG = COUNTS_PER_G[(this.registers[ACCEL_CONFIG] >> 3) & 3];
    const perDegree = COUNTS_PER_DEGREE[(this.registers[GYRO_CONFIG] >> 3) & 3];
    const accel = this.motion(accelTick * TICK_NANOS, 0).map((g) => toCount(g * perG));
    const gyro = this.motion(tick * TICK_NANOS, 3).map((degrees) => toCount(degrees * perDegree));
    const warm = toCount((this.temperature - CELSIUS_AT_ZERO) * COUNTS_PER_KELVIN);
    return [...accel, warm, ...gyro];
  }

  // The I2C device

  begin(reading) {
    this.update();
    this.latch = null; // data registers of one transfer are of one sample
    this.addressed = reading;
    return true;
  }

  write(byte) {
    if (!this.addressed) {
      this.addressed = true;
      this.pointer = byte;
      return true;
    }
    this.store(this.pointer, byte);
    if (this.pointer !== FIFO_R_W) this.pointer = (this.pointer + 1) & 0xff;
    return true;
  }

  read() {
    const value = this.load(this.pointer);
    if (this.pointer !== FIFO_R_W) this.pointer = (this.pointer + 1) & 0xff;
    return value;
  }

  end() {}

  load(register) {
    this.update();
    if (this.registers[INT_PIN_CFG] & INT_RD_CLEAR && register !== INT_STATUS) this.clearStatus();
    switch (register) {
      case INT_STATUS:
        return this.clearStatus();
      case FIFO_COUNTH:
        this.countLatch = this.held;
        return this.countLatch >> 8;
      case FIFO_COUNTL:
        return this.countLatch & 0xff;
      case FIFO_R_W:
        if (this.held && this.registers[USER_CTRL] & USER_FIFO_EN) {
          this.lastByte = this.fifo[this.first];
          this.first = (this.first + 1) % FIFO_BYTES;
          this.held--;
        }
        return this.lastByte;
      default:
        if (register >= ACCEL_XOUT_H && register <= GYRO_ZOUT_L) return this.data(register);
        return this.registers[register] ?? 0;
    }
  }

  clearStatus() {
    const { status } = this;
    this.status = 0;
    if (this.registers[INT_PIN_CFG] & LATCH_INT_EN) this.setPin(false);
    return status;
  }

  data(register) {
    if (!this.latch) {
      if (!this.asleep) {
        const samples = Math.floor((this.tick - this.origin) / this.period);
        if (samples > 0) this.last = this.counts(this.origin + samples * this.period);
      }
      this.latch = this.last ?? Array(7).fill(0);
    }
    const at = register - ACCEL_XOUT_H;
    return (this.latch[at >> 1] >> (at & 1 ? 0 : 8)) & 0xff;
  }

  store(register, value) {
    this.update();
    if (READ_ONLY(register) && register !== SIGNAL_PATH_RESET) return;
    const before = this.period * (this.asleep ? 0 : 1);
    if (register === PWR_MGMT_1 && value & DEVICE_RESET) this.reset();
    else if (register === USER_CTRL) {
      if (value & USER_FIFO_RESET) this.clearFifo();
      this.registers[register] = value & ~USER_RESETS;
    } else if (register !== SIGNAL_PATH_RESET) this.registers[register] = value;
    // A new rate counts from now
    if (before !== this.period * (this.asleep ? 0 : 1)) this.origin = this.tick;
    this.plan();
  }

  // The interrupt pin

  plan() {
    if (!this.pin) return;
    this.sampleAlarm.cancel();
    if (this.asleep || !(this.registers[INT_ENABLE] & (DATA_RDY_INT | FIFO_OFLOW_INT))) return;
    const { period, origin } = this;
    const next = origin + (Math.floor((this.tick - origin) / period) + 1) * period;
    this.sampleAlarm.schedule(Math.max(0, next * TICK_NANOS - this.clock.nanos));
  }

  raise() {
    this.update();
    if (this.status & this.registers[INT_ENABLE]) {
      this.setPin(true);
      if (!(this.registers[INT_PIN_CFG] & LATCH_INT_EN)) this.pulseAlarm.schedule(PULSE_NANOS);
    }
    this.plan();
  }

  setPin(active) {
    const low = (this.registers[INT_PIN_CFG] & INT_ACTIVE_LOW) !== 0;
    this.pin?.setInputValue(active !== low);
  }
}
