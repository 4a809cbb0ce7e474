// Runs the state machines of one PIO block by the emulated clock, each at its own divider.
// rp2040js steps them when Node.js is idle. Source: RP2040 datasheet, section 3.5.5.
//
// The core sees a PIO block only by its registers, interrupts, DMA and pins. So the machines run up
// to now before the core reads or writes a register, and every STEP_NANOS for the rest.

const STEP_NANOS = 20_000;

export class PioClock {
  constructor(chip, pio) {
    this.chip = chip;
    this.pio = pio;
    this.now = 0; // the time of the instruction that runs, else that of the last run
    this.inside = false;
    this.requested = false; // a FIFO has called for DMA
    this.watched = 0; // pins with listeners
    this.due = [0, 0, 0, 0];
    this.parked = [false, false, false, false];
    this.alarm = chip.clock.createAlarm(() => this.tick());
    this.connect();
  }

  connect() {
    const { pio } = this;
    const read = pio.readUint32.bind(pio);
    const write = pio.writeUint32Atomic.bind(pio);
    const watch = (offset) => offset < 0x48 || offset > 0xc4; // all but instruction memory
    pio.readUint32 = (offset) => {
      this.catchUp();
      return read(offset);
    };
    pio.writeUint32Atomic = (offset, value, type) => {
      if (watch(offset & 0xfff)) this.catchUp();
      const before = pio.machines.map((machine) => machine.enabled);
      write(offset, value, type);
      pio.machines.forEach((machine, i) => {
        if (machine.enabled && !before[i]) this.due[i] = this.chip.clock.nanos;
      });
      this.plan(STEP_NANOS);
    };
    pio.run = () => {};
    pio.checkChangedPins = () => this.reportPins();
  }

  /** An input pin has changed, or will be looked at: runs the machines up to now. */
  catchUp() {
    if (!this.inside && this.pio.machines.some((machine) => machine.enabled))
      this.run(this.chip.clock.nanos);
  }

  tick() {
    this.run(this.chip.clock.nanos);
    // DMA that has been called for comes first, at this very time
    this.plan(this.requested ? 0 : STEP_NANOS);
  }

  plan(nanos) {
    if (this.inside) return;
    const { machines } = this.pio;
    if (machines.some((machine) => machine.enabled && !machine.waiting)) {
      if (!this.alarm.scheduled) this.alarm.schedule(nanos);
    } else if (!machines.some((machine) => machine.enabled)) this.alarm.cancel();
  }

  /** Carries out all instructions that are due by `limit`, in the order of their times. */
  run(limit) {
    const { pio, due, parked } = this;
    const { machines } = pio;
    const nanosPerCycle = 1e9 / this.chip.clkSys;
    this.watched = 0;
    for (const pin of this.chip.gpio) if (pin.listeners.size) this.watched |= 1 << pin.index;
    this.inside = true;
    this.requested = false;
    while (!this.requested) {
      let next = -1;
      for (let i = 0; i < 4; i++) {
        const machine = machines[i];
        if (!machine.enabled) continue;
        if (machine.waiting) {
          machine.checkWait();
          parked[i] = machine.waiting;
          if (machine.waiting) continue;
          due[i] = Math.max(due[i], this.now);
        } else if (parked[i]) {
          parked[i] = false;
          due[i] = Math.max(due[i], this.now);
        }
        if (due[i] <= limit && (next < 0 || due[i] < due[next])) next = i;
      }
      if (next < 0) break;
      const machine = machines[next];
      this.now = due[next];
      const before = machine.cycles;
      machine.step();
      const cycles = machine.cycles > before ? machine.cycles - before : 1;
      const divider = (machine.clockDivInt || 65536) + machine.clockDivFrac / 256;
      due[next] += cycles * divider * nanosPerCycle;
      if (pio.pinValues !== pio.oldPinValues || pio.pinDirections !== pio.oldPinDirections)
        this.reportPins();
    }
    if (!this.requested) this.now = Math.max(limit, this.now);
    this.inside = false;
  }

  /** Tells the listeners of pins about a change. */
  reportPins() {
    const { pio } = this;
    let changed = (pio.oldPinValues ^ pio.pinValues) | (pio.oldPinDirections ^ pio.pinDirections);
    pio.oldPinValues = pio.pinValues;
    pio.oldPinDirections = pio.pinDirections;
    for (changed &= this.watched; changed; changed &= changed - 1)
      this.chip.gpio[31 - Math.clz32(changed & -changed)].checkForUpdates();
  }
}

/** Puts both PIO blocks of a chip on its clock. Returns what tells the time on the pins. */
export function clockPio(chip) {
  const clocks = chip.pio.map((pio) => new PioClock(chip, pio));
  const { dma } = chip;
  const setDREQ = dma.setDREQ.bind(dma);
  dma.setDREQ = (channel) => {
    const fresh = !dma.dreq[channel];
    setDREQ(channel);
    const block = clocks[channel >> 3];
    if (fresh && block) block.requested ||= dma.channels.some((c) => c.active && c.treq === channel);
  };
  return {
    /** Nanoseconds: while a state machine moves a pin, the time of its instruction. */
    get nanos() {
      const running = clocks.find((clock) => clock.inside);
      return running ? running.now : chip.clock.nanos;
    },
    catchUp: () => clocks.forEach((clock) => clock.catchUp()),
  };
}
