// Runs the state machines of one PIO block by the emulated clock, each at its own divider.
// rp2040js steps them when Node.js is idle. Source: RP2040 datasheet, section 3.5.5.
//
// The core sees a PIO block only by its registers, interrupts, DMA and pins. So the machines run up
// to now before the core reads or writes a register, and every STEP_NANOS for the rest.

const STEP_NANOS = 20_000;
const CTRL = 0x00;
const DEPTH = 4; // words of a FIFO
const JOIN_TX = 1 << 30; // of SHIFTCTRL
const JOIN_RX = 1 << 31;
const JOIN = JOIN_TX | JOIN_RX;

// Instructions; RP2040 datasheet, section 3.4
const IN_PINS = 0x4000;
const JMP_X_DEC = 0x0040;
const AUTOPUSH = 1 << 16; // of SHIFTCTRL
const IN_SHIFTS_RIGHT = 1 << 18;
const SIDE_OPTIONS = 3 << 29; // of EXECCTRL: optional side-set, side-set of directions

// IO_BANK0: a pin's CTRL
const FUNCTION = 0x1f;
const PIO_FUNCTION = 6; // and 7 for the second block
const OVERRIDES = 0x3300; // of output and output enable

export class PioClock {
  constructor(chip, pio) {
    this.chip = chip;
    this.pio = pio;
    this.now = 0; // the time of the instruction that runs, else that of the last run
    this.enabled = false; // one machine at least
    this.inside = false;
    this.requested = false; // a FIFO has called for DMA
    this.watched = 0; // pins with listeners, as of the last start of a machine
    this.due = [0, 0, 0, 0];
    this.parked = [false, false, false, false];
    this.alarm = chip.clock.createAlarm(() => this.tick());
    this.connect();
  }

  connect() {
    const { pio } = this;
    const read = pio.readUint32.bind(pio);
    const write = pio.writeUint32Atomic.bind(pio);
    pio.readUint32 = (offset) => {
      this.catchUp();
      return read(offset);
    };
    pio.writeUint32Atomic = (offset, value, type) => {
      if (offset === CTRL) this.control(() => write(offset, value, type));
      else {
        this.catchUp();
        const joined = pio.machines.map((machine) => machine.shiftCtrl & JOIN);
        write(offset, value, type);
        pio.machines.forEach((machine, i) => {
          if ((machine.shiftCtrl & JOIN) !== joined[i]) join(machine);
        });
      }
      this.plan(STEP_NANOS);
    };
    pio.run = () => {};
    pio.checkChangedPins = () => this.reportPins();
  }

  /** A write that starts and stops machines: those that it starts begin now. */
  control(write) {
    this.catchUp();
    const { machines } = this.pio;
    const before = machines.map((machine) => machine.enabled);
    write();
    machines.forEach((machine, i) => {
      if (machine.enabled && !before[i]) this.due[i] = this.chip.clock.nanos;
    });
    this.enabled = machines.some((machine) => machine.enabled);
    this.watched = 0;
    for (const pin of this.chip.gpio) if (pin.listeners.size) this.watched |= 1 << pin.index;
  }

  /** Something will be looked at: runs the machines up to now. */
  catchUp() {
    if (!this.inside && this.enabled) this.run(this.chip.clock.nanos);
  }

  tick() {
    this.run(this.chip.clock.nanos);
    // DMA that has been called for comes first, at this very time
    this.plan(this.requested ? 0 : STEP_NANOS);
  }

  plan(nanos) {
    if (this.inside) return;
    if (!this.enabled) this.alarm.cancel();
    else if (!this.alarm.scheduled && this.pio.machines.some((m) => m.enabled && !m.waiting))
      this.alarm.schedule(nanos);
  }

  /** Carries out all instructions that are due by `limit`, in the order of their times. */
  run(limit) {
    this.inside = true;
    this.requested = false;
    while (!this.requested) {
      const next = this.choose(limit);
      if (next < 0) break;
      this.runOne(next);
    }
    if (!this.requested) this.now = Math.max(limit, this.now);
    this.inside = false;
  }

  /** The machine whose turn it is, -1 if none is due by `limit`. Sets `until`, when it ends. */
  choose(limit) {
    const { due, parked } = this;
    let next = -1;
    this.until = limit;
    let alone = true; // no other machine waits for what this one does
    for (let i = 0; i < 4; i++) {
      const machine = this.pio.machines[i];
      if (!machine.enabled) continue;
      if (machine.waiting) machine.checkWait();
      if (machine.waiting) {
        parked[i] = true;
        alone = false;
        continue;
      }
      if (parked[i]) {
        parked[i] = false;
        due[i] = Math.max(due[i], this.now);
      }
      if (due[i] > limit) continue;
      const first = next < 0 || due[i] < due[next];
      if (next >= 0) this.until = Math.min(this.until, first ? due[next] : due[i]);
      if (first) next = i;
    }
    if (!alone && next >= 0) this.until = due[next];
    return next;
  }

  /** Runs a machine until the time of another one has come, or it waits, or calls for DMA. */
  runOne(index) {
    const { pio, due } = this;
    const machine = pio.machines[index];
    const divider = (machine.clockDivInt || 65536) + machine.clockDivFrac / 256;
    const nanos = (divider * 1e9) / this.chip.clkSys;
    do {
      this.now = due[index];
      const before = machine.cycles;
      if (!stepQuickly(machine)) machine.step();
      const cycles = machine.cycles - before;
      due[index] += cycles > 1 ? cycles * nanos : nanos;
      if (pio.pinValues !== pio.oldPinValues || pio.pinDirections !== pio.oldPinDirections)
        this.reportPins();
    } while (due[index] <= this.until && !machine.waiting && !this.requested);
  }

  /** True if a pin is just what this block's output says. */
  drives({ ctrl, index }) {
    const bits = ctrl & (OVERRIDES | FUNCTION);
    return bits === PIO_FUNCTION + this.pio.index && ((this.pio.pinDirections >>> index) & 1) === 1;
  }

  /** Tells the listeners of pins about a change. */
  reportPins() {
    const { pio } = this;
    const turned = pio.oldPinDirections ^ pio.pinDirections;
    let changed = (pio.oldPinValues ^ pio.pinValues) | turned;
    pio.oldPinValues = pio.pinValues;
    pio.oldPinDirections = pio.pinDirections;
    for (changed &= this.watched; changed; changed &= changed - 1) {
      const number = 31 - Math.clz32(changed & -changed);
      const pin = this.chip.gpio[number];
      if (!this.drives(pin)) pin.checkForUpdates();
      else {
        // The same as checkForUpdates(), which takes five times as long
        const before = pin.lastValue;
        pin.lastValue = (pio.pinValues >>> number) & 1;
        if (pin.lastValue !== before)
          for (const listener of pin.listeners) listener(pin.lastValue, before);
      }
    }
  }
}

/**
 * Carries out what loops over bits consist of: `in(pins, n)` and `jmp(x_dec, label)`, in a third of
 * the package's time. False, and nothing done, if it is another instruction, or one that pushes.
 */
function stepQuickly(machine) {
  const { pio, shiftCtrl, pinCtrl, execCtrl } = machine;
  const op = pio.instructions[machine.pc];
  const top = op & 0xe0e0;
  if ((top !== IN_PINS && top !== JMP_X_DEC) || execCtrl & SIDE_OPTIONS) return false;
  const { pc } = machine;
  let next = pc === ((execCtrl >> 12) & 0x1f) ? (execCtrl >> 7) & 0x1f : (pc + 1) & 0x1f;
  if (top === IN_PINS) {
    const count = op & 0x1f || 32;
    const held = machine.inputShiftCount + count;
    const full = held >= ((shiftCtrl >> 20) & 0x1f || 32);
    if (count === 32 || (full && shiftCtrl & AUTOPUSH)) return false;
    const bits = machine.inPins & ((1 << count) - 1);
    machine.inputShiftReg =
      shiftCtrl & IN_SHIFTS_RIGHT
        ? (machine.inputShiftReg >>> count) | (bits << (32 - count))
        : (machine.inputShiftReg << count) | bits;
    machine.inputShiftCount = held < 32 ? held : 32;
  } else {
    if (machine.x !== 0) next = op & 0x1f;
    machine.x = (machine.x - 1) >>> 0;
  }
  machine.pc = next;
  const sideBits = pinCtrl >>> 29;
  const delayAndSide = (op >> 8) & 0x1f;
  machine.cycles += 1 + (delayAndSide & ((1 << (5 - sideBits)) - 1));
  if (sideBits) {
    const side = delayAndSide >> (5 - sideBits);
    pio.pinValuesChanged(side, (pinCtrl >> 10) & 0x1f, sideBits);
  }
  return true;
}

/** What a change of the joining of the FIFOs does: it empties both, and one has it all. */
function join(machine) {
  const Fifo = machine.rxFIFO.constructor;
  const both = machine.shiftCtrl & JOIN;
  machine.txFIFO = new Fifo(both === JOIN_RX ? 0 : both === JOIN_TX ? 2 * DEPTH : DEPTH);
  machine.rxFIFO = new Fifo(both === JOIN_TX ? 0 : both === JOIN_RX ? 2 * DEPTH : DEPTH);
  machine.updateDMARx();
  machine.updateDMATx();
  machine.pio.checkInterrupts();
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
      const [first, second] = clocks;
      if (first.inside) return first.now;
      return second.inside ? second.now : chip.clock.nanos;
    },
    /** The level of a pin that the chip drives. */
    level(pin) {
      const clock = clocks.find((one) => one.drives(pin));
      return clock ? ((clock.pio.pinValues >>> pin.index) & 1) === 1 : pin.outputValue;
    },
    catchUp: () => clocks.forEach((clock) => clock.catchUp()),
  };
}
