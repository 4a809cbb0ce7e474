// Emulated time. It is the core's cycle count times the length of a cycle; nothing else moves it
// except a core that sleeps (`advance`). Has the interface that rp2040js expects of a clock.

class Alarm {
  constructor(clock, callback) {
    this.clock = clock;
    this.callback = callback;
    this.nanos = 0;
    this.scheduled = false;
  }

  schedule(deltaNanos) {
    this.clock.insert(this, this.clock.nanos + deltaNanos);
  }

  cancel() {
    this.clock.remove(this);
  }
}

export class Clock {
  constructor(frequency) {
    this.base = 0; // nanoseconds at the start of the slice that runs now
    this.nanosPerCycle = 1e9 / frequency;
    this.alarms = []; // earliest first
    this.core = null; // its `elapsed` are the cycles since `base`
  }

  get nanos() {
    return this.base + this.core.elapsed * this.nanosPerCycle;
  }

  get micros() {
    return this.nanos / 1000;
  }

  createAlarm(callback) {
    return new Alarm(this, callback);
  }

  /** Nanoseconds from `base` to the next alarm, Infinity if there is none. */
  get nanosToNextAlarm() {
    return this.alarms.length ? this.alarms[0].nanos - this.base : Infinity;
  }

  insert(alarm, nanos) {
    this.remove(alarm);
    alarm.nanos = nanos;
    alarm.scheduled = true;
    let at = this.alarms.length;
    while (at > 0 && this.alarms[at - 1].nanos > nanos) at--;
    this.alarms.splice(at, 0, alarm);
    if (at === 0) {
      this.core.limitSlice(Math.ceil((nanos - this.nanos) / this.nanosPerCycle));
    }
  }

  remove(alarm) {
    if (alarm.scheduled) {
      this.alarms.splice(this.alarms.indexOf(alarm), 1);
      alarm.scheduled = false;
    }
  }

  /** Cycles the core may run before the next alarm is due, at most `most`. */
  cyclesToNextAlarm(most) {
    const cycles = Math.ceil(this.nanosToNextAlarm / this.nanosPerCycle);
    return cycles < most ? Math.max(cycles, 0) : most;
  }

  /** The core's frequency changed: what has run counts at the old one. */
  setFrequency(hertz) {
    const now = this.nanos;
    this.core.endSlice();
    this.base = now - this.core.elapsed * (1e9 / hertz);
    this.nanosPerCycle = 1e9 / hertz;
  }

  /** Moves time on by `nanos` and runs the alarms that are due, each at its own time. */
  advance(nanos) {
    const target = this.base + nanos;
    while (this.alarms.length && this.alarms[0].nanos <= target) {
      const alarm = this.alarms.shift();
      alarm.scheduled = false;
      if (alarm.nanos > this.base) this.base = alarm.nanos;
      alarm.callback();
    }
    this.base = target;
  }
}
