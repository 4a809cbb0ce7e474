// An I2S microphone (INMP441 and alike): 24 bits, the highest first, in a frame of two words of 32.
// Source: INMP441 data sheet (DS-INMP441-00, rev. 1.1), "I2S data interface"; I2S bus specification,
// section 3. The clock's first frame is silent: the microphone finds the word select in it.

const HIGH = 1; // GPIOPinState
const WORD_BITS = 32;
const STANDBY_NANOS = 500_000; // without a clock for so long, it begins anew

export class Microphone {
  constructor({ sck, ws = sck + 1, sd, channel = 'left', bits = 24 }) {
    Object.assign(this, { sck, ws, sd, channel, bits });
    this.signal = null;
  }

  attach(chip, pins, clock) {
    this.clock = clock;
    this.data = chip.gpio[this.sd];
    this.select = chip.gpio[this.ws];
    this.level = false;
    this.wakeUp();
    chip.gpio[this.sck].addListener((value) => this.edge(value === HIGH));
  }

  refuse({ channels }) {
    const most = this.channel === 'both' ? 2 : 1;
    return channels === most ? null : `it has ${channels} channels, not ${most}`;
  }

  play(signal) {
    this.signal = signal;
    this.frame = -1;
  }

  wakeUp() {
    this.right = null; // the half of the frame, as word select had it at the last rising edge
    this.fresh = false; // word select has changed: the falling edge starts a word
    this.word = 0;
    this.frame = -1; // of the signal, that is being sent
    this.last = this.clock.pinNanos; // edge of the clock
    this.drive(false);
  }

  edge(rising) {
    const now = this.clock.pinNanos;
    if (now - this.last > STANDBY_NANOS) this.wakeUp();
    this.last = now;
    if (rising) {
      const right = this.clock.level(this.select);
      this.fresh ||= this.right !== null && right !== this.right;
      this.right = right;
      return;
    }
    if (this.fresh) {
      this.fresh = false;
      this.word = this.wordOf(this.right);
    } else this.word <<= 1;
    const level = this.word < 0;
    if (level !== this.level) this.drive(level);
  }

  drive(level) {
    this.level = level;
    this.data.setInputValue(level);
  }

  /** The word of one half of the frame; the half that is not this microphone's is low. */
  wordOf(right) {
    const { signal, channel, bits } = this;
    if (!signal) return 0;
    if (!right) this.frame = signal.at(this.clock.pinNanos); // both halves are of one time
    if (this.frame < 0 || (channel !== 'both' && (channel === 'right') !== right)) return 0;
    const value = signal.values[this.frame + (channel === 'both' && right ? 1 : 0)];
    const steps = 2 ** (bits - 1);
    const sample = Math.floor((value / signal.fullScale) * steps + 0.5);
    return Math.min(steps - 1, Math.max(-steps, sample)) << (WORD_BITS - bits);
  }
}
