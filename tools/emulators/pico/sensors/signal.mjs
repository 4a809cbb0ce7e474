// A signal over time: frames of one value per channel, at a sample rate. Between two frames the
// first one holds. Times are emulated nanoseconds since the Pico was plugged in.

const ROUNDING_NANOS = 0.1; // of times
const KEPT_FRAMES = 1 << 16; // of a stream, before those that have been played are dropped

export class Signal {
  /**
   * @param values the frames, one after the other
   * @param names of the channels, with units: `accel x (g)`; empty if unknown
   * @param scales per channel, what one step of a value is in its unit
   * @param fullScale the value that is full scale; 1 for floats
   */
  constructor({ values, names, scales, rate, fullScale = 1, loop = false, waits = false }) {
    this.values = values;
    this.names = names;
    this.scales = scales;
    this.rate = rate;
    this.fullScale = fullScale;
    this.loop = loop;
    this.start = waits ? null : 0; // null: the first look at it starts it
    this.onStart = () => {};
    this.dropped = 0; // frames of a stream that are no more
  }

  get channels() {
    return this.names.length;
  }

  get frames() {
    return this.values.length / this.channels;
  }

  /** Time at which the last frame ends, null if there is none. */
  get end() {
    if (this.loop || this.start === null || !this.frames) return null;
    return this.start + ((this.dropped + this.frames) * 1e9) / this.rate;
  }

  /** Where the frame at a time starts in `values`; -1 before the first one. */
  at(nanos) {
    const { frames } = this;
    if (!frames) return -1;
    if (this.start === null) {
      this.start = nanos;
      this.onStart();
    }
    let index = Math.floor(((nanos - this.start + ROUNDING_NANOS) * this.rate) / 1e9);
    index -= this.dropped;
    if (index < 0) return -1;
    if (this.loop) index %= frames;
    return Math.min(index, frames - 1) * this.channels;
  }

  /** Adds frames to the end. If that has passed, they start now. */
  append(values, nanos) {
    const { end } = this;
    const joined = new Float64Array(this.values.length + values.length);
    joined.set(this.values);
    joined.set(values, this.values.length);
    this.values = joined;
    if (this.start === null) return;
    if (end === null || end < nanos) {
      const before = this.dropped + this.frames - values.length / this.channels;
      this.start = nanos - (before * 1e9) / this.rate;
    }
    const played = this.at(nanos) / this.channels;
    if (played > KEPT_FRAMES) {
      this.values = this.values.slice(played * this.channels);
      this.dropped += played;
    }
  }
}
