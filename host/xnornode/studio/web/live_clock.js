// The node's clocks and this computer's on one axis, without a clock that was ever set.

const SPAN = 60000; // milliseconds over which the fastest message counts

/**
 * How far one clock is behind another: the least difference of late, as each message comes a little
 * late, and some hardly. A clock that goes back has started again.
 */
export class Offset {
  constructor(span = SPAN) {
    this.span = span;
    this.least = []; // differences that may still become the least, rising, with their times
    this.last = -Infinity;
  }

  /** from: the time of the sender's clock, there: that of the receiver's, both in milliseconds. */
  add(from, there) {
    if (from < this.last) this.least = [];
    this.last = from;
    const difference = there - from;
    while (this.least.length && this.least[this.least.length - 1][0] >= difference) this.least.pop();
    this.least.push([difference, from]);
    while (this.least[0][1] < from - this.span) this.least.shift();
  }

  /** What to add to the sender's time. */
  get value() { return this.least.length ? this.least[0][0] : 0; }
}

/** From the node's predictions and samples to times of this computer, and the time now. */
export class Clocks {
  constructor() {
    this.here = new Offset(); // from the studio's clock to this page's
    this.streams = new Map(); // by the stream's number
    this.runs = new Map(); // by the number of the program's start
    this.run = 0;
    this.ms = -1;
  }

  /** A message came that the studio sent at `time`, in seconds. */
  heard(time, now = performance.now()) { this.here.add(1000 * time, now); }

  block(stream, ms, time) {
    if (!this.streams.has(stream)) {
      this.streams.set(stream, new Offset());
      for (const old of [...this.streams.keys()].slice(0, -8)) this.streams.delete(old);
    }
    this.streams.get(stream).add(ms, 1000 * time);
  }

  /** The number of the program's start that a prediction is of. */
  prediction(ms, time) {
    if (ms < this.ms || !this.runs.size) {
      this.runs.set(++this.run, new Offset());
      for (const old of [...this.runs.keys()].slice(0, -8)) this.runs.delete(old);
    }
    this.ms = ms;
    this.runs.get(this.run).add(ms, 1000 * time);
    return this.run;
  }

  ofBlock(stream, ms) { return this.streams.has(stream) ? ms + this.streams.get(stream).value : NaN; }
  ofPrediction(run, ms) { return this.runs.has(run) ? ms + this.runs.get(run).value : NaN; }
  now(at = performance.now()) { return at - this.here.value; }
}
