// A voltage at an ADC pin.

export class Analog {
  constructor({ pin }) {
    this.pin = pin;
    this.signal = null;
  }

  attach() {}

  refuse({ channels }) {
    return channels === 1 ? null : `it has ${channels} channels, not 1`;
  }

  play(signal) {
    this.signal = signal;
  }

  /** Volts at a time since the first power; 0 before the signal has begun. */
  volts(nanos) {
    const frame = this.signal ? this.signal.at(nanos) : -1;
    return frame < 0 ? 0 : this.signal.values[frame] * this.signal.scales[0];
  }
}
