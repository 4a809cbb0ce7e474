// Runs a machine against the wall clock. A busy core runs as fast as the computer can. A core
// that sleeps lets emulated time pass, up to the next alarm, but not faster than `speed` times real
// time; what it lost to the wall clock just before, it may make up for, within bounds.

const SLICE_CYCLES = 100_000;
const TURN_MS = 1; // how long the loop runs before it looks after sockets and files
const SLACK_NANOS = 2e6; // sleeping ahead of the wall clock by less than this is not waited for
const DEBT_NANOS = 20e6; // time lost while busy that later sleeps may skip; both of real time

export class Runner {
  constructor(machine, speed = 1) {
    this.machine = machine;
    this.speed = speed;
    this.afterTurn = () => {};
    this.running = false;
    this.timer = null;
    this.napping = false;
    this.turn = () => this.loop();
  }

  /** The wall clock, in nanoseconds, as fast as emulated time may pass. */
  wall() {
    return performance.now() * 1e6 * this.speed;
  }

  /** How many times faster than real time a sleep may be, from now on. */
  setSpeed(speed) {
    this.wake();
    const before = this.wall();
    this.speed = speed;
    this.offset += this.wall() - before;
  }

  start() {
    this.offset = this.wall() - this.machine.clock.base; // wall time minus emulated time, adjusted
    this.napping = false;
    this.running = true;
    setImmediate(this.turn);
  }

  stop() {
    this.running = false;
    clearTimeout(this.timer);
  }

  /** Something happened outside: ends a sleep, in step with the wall clock. */
  wake() {
    if (!this.running || !this.napping) return;
    clearTimeout(this.timer);
    this.napping = false;
    const { clock } = this.machine;
    const passed = this.wall() - this.offset - clock.base;
    if (passed > 0) clock.advance(Math.min(passed, clock.nanosToNextAlarm));
    setImmediate(this.turn);
  }

  loop() {
    const { machine } = this;
    if (!this.running || this.napping) return;
    const end = performance.now() + TURN_MS;
    let awake = true;
    do {
      if (machine.sleeping) awake = this.nap();
      else machine.runSlice(SLICE_CYCLES);
    } while (awake && this.running && performance.now() < end);
    this.afterTurn();
    if (awake && this.running) setImmediate(this.turn);
  }

  /** Passes time to the next alarm. False if that has to wait for the wall clock. */
  nap() {
    const { clock } = this.machine;
    const now = this.wall();
    const slack = SLACK_NANOS * this.speed;
    const ahead = Math.max(-DEBT_NANOS * this.speed, Math.min(slack, clock.base - (now - this.offset)));
    this.offset = ahead - clock.base + now;
    const next = clock.nanosToNextAlarm;
    if (ahead + next <= slack) {
      clock.advance(next);
      return true;
    }
    this.napping = true;
    const milliseconds = (ahead + next) / 1e6 / this.speed;
    if (next !== Infinity) this.timer = setTimeout(() => this.wake(), milliseconds);
    return false;
  }
}
