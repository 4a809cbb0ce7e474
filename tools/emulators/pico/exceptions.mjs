// The part of the Cortex-M0+ that is not the instruction set: registers, exceptions, sleep.
// Field names that rp2040js's NVIC and SysTick use (`pendingInterrupts`, ...) are theirs.
// Source: ARMv6-M Architecture Reference Manual, chapter B1; Cortex-M0+ TRM for the cycles.
import { FLASH_AT, FLASH_BASE, FLASH_SIZE, ROM_SIZE } from './memory.mjs';
import { SRAM_AT, SRAM_BASE, SRAM_SIZE } from './memory.mjs';

const NMI = 2;
const HARD_FAULT = 3;
const SVCALL = 11;
const PENDSV = 14;
const SYSTICK = 15;
const EXTERNAL = 16;
const THREAD_PRIORITY = 4; // one below the lowest that can be configured
const ENTRY_CYCLES = 15;

export class CoreState {
  constructor(memory, bus) {
    this.memory = memory;
    this.bus = bus;
    this.registers = new Int32Array(16);
    this.onBreakpoint = () => false; // (number) -> true if it was the boot ROM's
    this.onLockup = () => {};
    this.cache = null; // of the flash; without one it never waits
    this.reset();
  }

  reset() {
    this.registers.fill(0);
    this.negative = 0; // N is set if this is < 0
    this.zero = 1; // Z is set if this is 0: the two differ only after a write to APSR
    this.carry = 0;
    this.overflow = 0;
    this.otherSP = 0; // the stack pointer that is not in use
    this.usesPSP = false;
    this.unprivileged = false;
    this.handlerMode = false;
    this.IPSR = 0;
    this.PM = false; // PRIMASK
    this.VTOR = 0;
    this.SHPR2 = 0;
    this.SHPR3 = 0;
    this.pendingInterrupts = 0;
    this.enabledInterrupts = 0;
    this.interruptPriorities = [0xffffffff, 0, 0, 0];
    this.pendingNMI = false;
    this.pendingPendSV = false;
    this.pendingSVCall = false;
    this.pendingSystick = false;
    this.pendingFault = null; // text that says what went wrong
    this.firstFault = 'an NMI'; // what the handler that faults was called for
    this.interruptsUpdated = false; // something above changed: look before the next instruction
    this.eventRegistered = false;
    this.waiting = false; // 'WFE' or 'WFI' while it sleeps
    this.halted = false;
    this.fetched = 0; // the word of flash whose halves run now: it is not read twice
    this.budget = 0; // cycles of the slice that runs now
    this.left = 0; // what is left of them
    this.cycles = 0; // of the package's: nobody reads it
  }

  /** Cycles run in this slice. */
  get elapsed() {
    return this.budget - this.left;
  }

  limitSlice(cycles) {
    if (cycles < this.left) {
      this.budget -= this.left - Math.max(cycles, 0);
      this.left = Math.max(cycles, 0);
    }
  }

  endSlice() {
    this.limitSlice(0);
  }

  halt() {
    this.halted = true;
    this.interruptsUpdated = true;
  }

  get apsr() {
    return (
      (this.negative < 0 ? 1 << 31 : 0) |
      (this.zero === 0 ? 1 << 30 : 0) |
      (this.carry << 29) |
      (this.overflow << 28)
    );
  }

  set apsr(value) {
    this.negative = value & (1 << 31);
    this.zero = value & (1 << 30) ? 0 : 1;
    this.carry = (value >>> 29) & 1;
    this.overflow = (value >>> 28) & 1;
  }

  /** A fault of the instruction that runs now; taken before the next one. */
  fault(reason) {
    this.pendingFault ??= reason;
    this.interruptsUpdated = true;
  }

  setInterrupt(irq, value) {
    if (value) {
      this.pendingInterrupts |= 1 << irq;
      this.interruptsUpdated = true;
    } else {
      this.pendingInterrupts &= ~(1 << irq);
    }
  }

  exceptionPriority(number) {
    if (number === 0) return THREAD_PRIORITY;
    if (number === NMI) return -2;
    if (number === HARD_FAULT) return -1;
    if (number === SVCALL) return this.SHPR2 >>> 30;
    if (number === PENDSV) return (this.SHPR3 >>> 22) & 3;
    if (number === SYSTICK) return this.SHPR3 >>> 30;
    return this.interruptPriorities.findIndex((mask) => mask & (1 << (number - EXTERNAL)));
  }

  /** The pending exception of the highest priority, 0 if none is more urgent than `limit`. */
  mostUrgent(limit, enabled = this.enabledInterrupts) {
    if (this.pendingNMI && limit > -2) return NMI;
    for (let priority = 0; priority < limit; priority++) {
      if (this.pendingSVCall && priority === this.exceptionPriority(SVCALL)) return SVCALL;
      if (this.pendingPendSV && priority === this.exceptionPriority(PENDSV)) return PENDSV;
      if (this.pendingSystick && priority === this.exceptionPriority(SYSTICK)) return SYSTICK;
      const level = this.pendingInterrupts & enabled & this.interruptPriorities[priority];
      if (level) return EXTERNAL + (31 - Math.clz32(level & -level));
    }
    return 0;
  }

  /** For ICSR: the most urgent pending exception, enabled or not. */
  get vectPending() {
    return this.mostUrgent(THREAD_PRIORITY, -1);
  }

  /** Ends a sleep if its reason to wake has come. True if the core runs. */
  wake() {
    if (!this.waiting) return true;
    const masked = this.waiting === 'WFE' && this.PM ? 0 : THREAD_PRIORITY;
    const limit = Math.min(this.exceptionPriority(this.IPSR), masked);
    if (!this.mostUrgent(limit)) return false;
    this.waiting = false;
    return true;
  }

  /** Enters the most urgent exception if there is one that may interrupt. */
  takeException() {
    if (this.pendingFault) return this.takeFault();
    this.interruptsUpdated = false;
    const current = this.exceptionPriority(this.IPSR);
    const number = this.mostUrgent(this.PM ? Math.min(current, 0) : current);
    if (number === 0) return undefined;
    if (number === NMI) this.pendingNMI = false;
    else if (number === SVCALL) this.pendingSVCall = false;
    else if (number === PENDSV) this.pendingPendSV = false;
    else if (number === SYSTICK) this.pendingSystick = false;
    this.interruptsUpdated = true; // there may be a second one of higher priority
    return this.enter(number);
  }

  takeFault() {
    const reason = this.pendingFault;
    this.pendingFault = null;
    if (this.exceptionPriority(this.IPSR) < 0) {
      this.halt();
      return this.onLockup(`${this.firstFault}; then, in the handler of that, ${reason}`);
    }
    this.firstFault = reason;
    // Every instruction that can fault here is two bytes long and has moved PC on.
    this.registers[15] -= 2;
    return this.enter(HARD_FAULT);
  }

  switchStack(usesPSP) {
    if (this.usesPSP !== usesPSP) {
      [this.registers[13], this.otherSP] = [this.otherSP, this.registers[13]];
      this.usesPSP = usesPSP;
    }
  }

  enter(number) {
    const r = this.registers;
    const align = (r[13] >>> 2) & 1;
    const frame = (r[13] - 0x20) & ~7;
    r[13] = frame;
    const psr = this.apsr | this.IPSR | (1 << 24) | (align << 9);
    const saved = [r[0], r[1], r[2], r[3], r[12], r[14], r[15] & ~1, psr];
    saved.forEach((value, i) => this.bus.write32(frame + 4 * i, value));
    r[14] = this.handlerMode ? 0xfffffff1 : this.usesPSP ? 0xfffffffd : 0xfffffff9;
    this.handlerMode = true;
    this.switchStack(false);
    this.IPSR = number;
    this.eventRegistered = true;
    this.waiting = false;
    r[15] = this.bus.read32(this.VTOR + 4 * number) & ~1;
    this.left -= ENTRY_CYCLES;
    if (this.pendingFault) {
      this.halt();
      this.onLockup(`${this.pendingFault}, on the way into exception ${number}`);
    }
  }

  exceptionReturn(value) {
    const r = this.registers;
    const mode = value & 0xf;
    this.handlerMode = mode === 0x1;
    this.switchStack(mode === 0xd);
    const frame = r[13];
    const at = (i) => this.bus.read32(frame + 4 * i);
    for (let i = 0; i < 4; i++) r[i] = at(i);
    r[12] = at(4);
    r[14] = at(5);
    r[15] = at(6) & ~1;
    const psr = at(7);
    r[13] = (frame + 0x20) | (psr & (1 << 9) ? 4 : 0);
    this.apsr = psr;
    this.IPSR = psr & 0x3f;
    this.eventRegistered = true;
    this.interruptsUpdated = true;
  }

  readSpecial(register) {
    switch (register) {
      case 0: case 1: case 2: case 3: // APSR, and with IPSR
        return this.apsr | (register & 1 ? this.IPSR : 0);
      case 5: case 7: return this.IPSR;
      case 8: return this.usesPSP ? this.otherSP : this.registers[13];
      case 9: return this.usesPSP ? this.registers[13] : this.otherSP;
      case 16: return this.PM ? 1 : 0;
      case 20: return (this.usesPSP ? 2 : 0) | (this.unprivileged ? 1 : 0);
      default: return 0;
    }
  }

  writeSpecial(register, value) {
    switch (register) {
      case 0: case 1: case 2: case 3:
        this.apsr = value;
        break;
      case 8:
        if (this.usesPSP) this.otherSP = value & ~3;
        else this.registers[13] = value & ~3;
        break;
      case 9:
        if (this.usesPSP) this.registers[13] = value & ~3;
        else this.otherSP = value & ~3;
        break;
      case 16:
        this.PM = (value & 1) !== 0;
        this.interruptsUpdated = true;
        break;
      case 20:
        this.unprivileged = (value & 1) !== 0;
        if (!this.handlerMode) this.switchStack((value & 2) !== 0);
        break;
      default:
    }
  }

  /** The difference between an address and its place in memory, if code can run there. */
  codeDelta(address) {
    if ((address - FLASH_BASE) >>> 0 < FLASH_SIZE) return FLASH_BASE - FLASH_AT;
    if ((address - SRAM_BASE) >>> 0 < SRAM_SIZE) return SRAM_BASE - SRAM_AT;
    if (address >>> 0 < ROM_SIZE) return 0;
    this.fault(`jump to ${hex(address)}, where there is no code`);
    return 0;
  }
}

export const hex = (value) => `0x${(value >>> 0).toString(16).padStart(8, '0')}`;
