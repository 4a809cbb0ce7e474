// Interpreter for the Cortex-M0+ (ARMv6-M), made for speed: memory is read and written in place,
// state is kept in local variables, and only peripherals and exceptions leave the inner loop.
// Results: ARMv6-M Architecture Reference Manual, A6.7. Cycles: Cortex-M0+ Technical Reference
// Manual, table 3-1, with zero-wait memory, single-cycle multiplier, and the RP2040's bus: one
// cycle for SIO, three more to read and four more to write the APB peripherals at 0x4xxxxxxx.
// Mnemonics are beside the cases; the numbers come from decode.mjs.
import { KIND } from './decode.mjs';
import { CoreState, hex } from './exceptions.mjs';
import { FLASH_AT, FLASH_BASE, FLASH_SIZE, SRAM_AT, SRAM_BASE, SRAM_SIZE } from './memory.mjs';

/** How many bits are set in a register list. */
const BIT_COUNT = Uint8Array.from({ length: 256 }, (_, list) => {
  let count = 0;
  for (; list; list &= list - 1) count++;
  return count;
});

const NOWHERE = 0x3fffffff; // beyond any index of the memories
const CONDITIONS = 72; // first of the cases of B<cond>

/** Cycles of a data access beyond the instruction's first. */
const readCycles = (address) => (address >>> 28 === 13 ? 0 : address >>> 28 === 4 ? 3 : 1);
const writeCycles = (address) => (address >>> 28 === 13 ? 0 : address >>> 28 === 4 ? 4 : 1);

export class Core extends CoreState {
  /** Runs until the slice is used up, the core sleeps, or it is halted. */
  run() {
    for (;;) {
      if (this.interruptsUpdated && !this.halted) this.takeException();
      if (this.left <= 0 || this.halted || !this.wake()) return;
      this.execute();
    }
  }

  /** Runs instructions until the slice is used up or the outer loop has something to look at. */
  execute() {
    const r = this.registers;
    const { bus } = this;
    const { u8, i8, u16, i16, i32 } = this.memory;
    const kinds = KIND;
    let left = this.left;
    let nv = this.negative;
    let zv = this.zero;
    let c = this.carry;
    let v = this.overflow;
    let delta = this.codeDelta(r[15]); // address = 2 * ip + delta
    let ip = (r[15] - delta) >> 1; // index in u16 of the next instruction
    let held = 0; // cycles put aside to leave the loop early
    let a = 0;
    let b = 0;
    let x = 0;
    let exit = 0; // EXC_RETURN value of an exception return
    let target = 0; // address of a jump that may change the kind of memory
    let jump = false;
    if (this.pendingFault) return; // the PC was bad
    // Without a cache no index is beyond these, and data in flash is read in place
    const { cache } = this;
    const flashCode = cache ? FLASH_AT >> 1 : NOWHERE;
    const flashWords = cache ? FLASH_AT >> 2 : NOWHERE;
    const flashSize = cache ? 0 : FLASH_SIZE;
    let fetched = this.fetched; // the 32-bit word that instructions come from

    // Cases that need none of what follows the switch end in `continue`
    while (left > 0) {
      if (ip >= flashCode && ip >> 1 !== fetched) {
        fetched = ip >> 1;
        left -= cache.read(ip >> 2);
      }
      const op = u16[ip++];
      left--;
      switch (kinds[op]) {
        case 1: // LSLS Rd, Rm, #imm
          a = r[(op >> 3) & 7];
          x = (op >> 6) & 31;
          if (x) c = (a >>> (32 - x)) & 1;
          nv = zv = r[op & 7] = a << x;
          continue;
        case 2: // LSRS Rd, Rm, #imm
          a = r[(op >> 3) & 7];
          x = (op >> 6) & 31;
          if (x) {
            c = (a >>> (x - 1)) & 1;
            nv = zv = r[op & 7] = a >>> x;
          } else {
            c = a >>> 31;
            nv = zv = r[op & 7] = 0;
          }
          continue;
        case 3: // ASRS Rd, Rm, #imm
          a = r[(op >> 3) & 7];
          x = ((op >> 6) & 31) || 32;
          c = (a >> (x - 1)) & 1;
          nv = zv = r[op & 7] = x < 32 ? a >> x : a >> 31;
          continue;
        case 4: // ADDS Rd, Rn, Rm
          a = r[(op >> 3) & 7];
          b = r[(op >> 6) & 7];
          nv = zv = r[op & 7] = x = (a + b) | 0;
          c = x >>> 0 < a >>> 0 ? 1 : 0;
          v = ((a ^ x) & (b ^ x)) >>> 31;
          continue;
        case 5: // SUBS Rd, Rn, Rm
          a = r[(op >> 3) & 7];
          b = r[(op >> 6) & 7];
          nv = zv = r[op & 7] = x = (a - b) | 0;
          c = a >>> 0 >= b >>> 0 ? 1 : 0;
          v = ((a ^ b) & (a ^ x)) >>> 31;
          continue;
        case 6: // ADDS Rd, Rn, #imm3
          a = r[(op >> 3) & 7];
          nv = zv = r[op & 7] = x = (a + ((op >> 6) & 7)) | 0;
          c = x >>> 0 < a >>> 0 ? 1 : 0;
          v = (~a & x) >>> 31;
          continue;
        case 7: // SUBS Rd, Rn, #imm3
          a = r[(op >> 3) & 7];
          b = (op >> 6) & 7;
          nv = zv = r[op & 7] = x = (a - b) | 0;
          c = a >>> 0 >= b ? 1 : 0;
          v = (a & ~x) >>> 31;
          continue;
        case 8: // MOVS Rd, #imm8
          nv = zv = r[(op >> 8) & 7] = op & 0xff;
          continue;
        case 9: // CMP Rn, #imm8
          a = r[(op >> 8) & 7];
          b = op & 0xff;
          nv = zv = (a - b) | 0;
          c = a >>> 0 >= b ? 1 : 0;
          v = (a & ~nv) >>> 31;
          continue;
        case 10: // ADDS Rdn, #imm8
          a = r[(op >> 8) & 7];
          nv = zv = r[(op >> 8) & 7] = x = (a + (op & 0xff)) | 0;
          c = x >>> 0 < a >>> 0 ? 1 : 0;
          v = (~a & x) >>> 31;
          continue;
        case 11: // SUBS Rdn, #imm8
          a = r[(op >> 8) & 7];
          b = op & 0xff;
          nv = zv = r[(op >> 8) & 7] = x = (a - b) | 0;
          c = a >>> 0 >= b ? 1 : 0;
          v = (a & ~x) >>> 31;
          continue;
        case 12: // ANDS Rdn, Rm
          nv = zv = r[op & 7] = r[op & 7] & r[(op >> 3) & 7];
          continue;
        case 13: // EORS Rdn, Rm
          nv = zv = r[op & 7] = r[op & 7] ^ r[(op >> 3) & 7];
          continue;
        case 14: // LSLS Rdn, Rm
          a = r[op & 7];
          x = r[(op >> 3) & 7] & 0xff;
          if (x) {
            c = x <= 32 ? (a >>> (32 - x)) & 1 : 0;
            a = x < 32 ? a << x : 0;
          }
          nv = zv = r[op & 7] = a;
          continue;
        case 15: // LSRS Rdn, Rm
          a = r[op & 7];
          x = r[(op >> 3) & 7] & 0xff;
          if (x) {
            c = x <= 32 ? (a >>> (x - 1)) & 1 : 0;
            a = x < 32 ? a >>> x : 0;
          }
          nv = zv = r[op & 7] = a | 0;
          continue;
        case 16: // ASRS Rdn, Rm
          a = r[op & 7];
          x = r[(op >> 3) & 7] & 0xff;
          if (x) {
            c = (x <= 32 ? a >> (x - 1) : a >> 31) & 1;
            a = x < 32 ? a >> x : a >> 31;
          }
          nv = zv = r[op & 7] = a;
          continue;
        case 17: // ADCS Rdn, Rm
          a = r[op & 7];
          b = r[(op >> 3) & 7];
          nv = zv = r[op & 7] = x = (a + b + c) | 0;
          c = ((a & b) | ((a | b) & ~x)) >>> 31;
          v = ((a ^ x) & (b ^ x)) >>> 31;
          continue;
        case 18: // SBCS Rdn, Rm
          a = r[op & 7];
          b = ~r[(op >> 3) & 7];
          nv = zv = r[op & 7] = x = (a + b + c) | 0;
          c = ((a & b) | ((a | b) & ~x)) >>> 31;
          v = ((a ^ x) & (b ^ x)) >>> 31;
          continue;
        case 19: // RORS Rdn, Rm
          a = r[op & 7];
          x = r[(op >> 3) & 7] & 0xff;
          if (x) {
            a = (a >>> (x & 31)) | (a << (-x & 31));
            c = a >>> 31;
          }
          nv = zv = r[op & 7] = a;
          continue;
        case 20: // TST Rn, Rm
          nv = zv = r[op & 7] & r[(op >> 3) & 7];
          continue;
        case 21: // RSBS Rd, Rn, #0
          a = r[(op >> 3) & 7];
          nv = zv = r[op & 7] = x = -a | 0;
          c = a === 0 ? 1 : 0;
          v = (a & x) >>> 31;
          continue;
        case 22: // CMP Rn, Rm
          a = r[op & 7];
          b = r[(op >> 3) & 7];
          nv = zv = (a - b) | 0;
          c = a >>> 0 >= b >>> 0 ? 1 : 0;
          v = ((a ^ b) & (a ^ nv)) >>> 31;
          continue;
        case 23: // CMN Rn, Rm
          a = r[op & 7];
          b = r[(op >> 3) & 7];
          nv = zv = (a + b) | 0;
          c = nv >>> 0 < a >>> 0 ? 1 : 0;
          v = ((a ^ nv) & (b ^ nv)) >>> 31;
          continue;
        case 24: // ORRS Rdn, Rm
          nv = zv = r[op & 7] = r[op & 7] | r[(op >> 3) & 7];
          continue;
        case 25: // MULS Rdm, Rn
          nv = zv = r[op & 7] = Math.imul(r[op & 7], r[(op >> 3) & 7]);
          continue;
        case 26: // BICS Rdn, Rm
          nv = zv = r[op & 7] = r[op & 7] & ~r[(op >> 3) & 7];
          continue;
        case 27: // MVNS Rd, Rm
          nv = zv = r[op & 7] = ~r[(op >> 3) & 7];
          continue;
        case 28: // ADD Rdn, Rm
          x = ((op >> 4) & 8) | (op & 7);
          b = (op >> 3) & 15;
          r[15] = 2 * ip + delta + 2;
          a = (r[x] + r[b]) | 0;
          if (x === 15) {
            left--;
            target = a;
            jump = true;
          } else r[x] = x === 13 ? a & ~3 : a;
          break;
        case 29: // CMP Rn, Rm
          a = r[((op >> 4) & 8) | (op & 7)];
          b = r[(op >> 3) & 15];
          nv = zv = (a - b) | 0;
          c = a >>> 0 >= b >>> 0 ? 1 : 0;
          v = ((a ^ b) & (a ^ nv)) >>> 31;
          continue;
        case 30: // MOV Rd, Rm
          x = ((op >> 4) & 8) | (op & 7);
          b = (op >> 3) & 15;
          a = b === 15 ? 2 * ip + delta + 2 : r[b];
          if (x === 15) {
            left--;
            target = a;
            jump = true;
          } else r[x] = x === 13 ? a & ~3 : a;
          break;
        case 31: // BX Rm
          left--;
          target = r[(op >> 3) & 15];
          jump = true;
          break;
        case 32: // BLX Rm
          left--;
          target = r[(op >> 3) & 15];
          r[14] = (2 * ip + delta) | 1;
          jump = true;
          break;
        case 33: // LDR Rt, [PC, #imm]
          left--;
          x = ((ip + 1) >> 1) + (op & 0xff);
          if (x >= flashWords) left -= cache.read(x >> 1);
          r[(op >> 8) & 7] = i32[x];
          continue;
        case 34: // STR Rt, [Rn, Rm]
          a = (r[(op >> 3) & 7] + r[(op >> 6) & 7]) | 0;
          b = (a - SRAM_BASE) >>> 0;
          if (b < SRAM_SIZE && !(a & 3)) {
            i32[(b + SRAM_AT) >> 2] = r[op & 7];
            left--;
            continue;
          }
          this.left = left;
          bus.write32(a, r[op & 7]);
          left = this.left - writeCycles(a);
          break;
        case 42: // STR Rt, [Rn, #imm]
          a = (r[(op >> 3) & 7] + ((op >> 4) & 0x7c)) | 0;
          b = (a - SRAM_BASE) >>> 0;
          if (b < SRAM_SIZE && !(a & 3)) {
            i32[(b + SRAM_AT) >> 2] = r[op & 7];
            left--;
            continue;
          }
          this.left = left;
          bus.write32(a, r[op & 7]);
          left = this.left - writeCycles(a);
          break;
        case 48: // STR Rt, [SP, #imm]
          a = (r[13] + ((op & 0xff) << 2)) | 0;
          b = (a - SRAM_BASE) >>> 0;
          if (b < SRAM_SIZE && !(a & 3)) {
            i32[(b + SRAM_AT) >> 2] = r[(op >> 8) & 7];
            left--;
            continue;
          }
          this.left = left;
          bus.write32(a, r[(op >> 8) & 7]);
          left = this.left - writeCycles(a);
          break;
        case 35: // STRH Rt, [Rn, Rm]
        case 46: // STRH Rt, [Rn, #imm]
          a = (r[(op >> 3) & 7] + (op & 0x8000 ? (op >> 5) & 0x3e : r[(op >> 6) & 7])) | 0;
          b = (a - SRAM_BASE) >>> 0;
          if (b < SRAM_SIZE && !(a & 1)) {
            u16[(b + SRAM_AT) >> 1] = r[op & 7];
            left--;
            continue;
          }
          this.left = left;
          bus.write16(a, r[op & 7]);
          left = this.left - writeCycles(a);
          break;
        case 36: // STRB Rt, [Rn, Rm]
        case 44: // STRB Rt, [Rn, #imm]
          a = (r[(op >> 3) & 7] + (op & 0x2000 ? (op >> 6) & 0x1f : r[(op >> 6) & 7])) | 0;
          b = (a - SRAM_BASE) >>> 0;
          if (b < SRAM_SIZE) {
            u8[b + SRAM_AT] = r[op & 7];
            left--;
            continue;
          }
          this.left = left;
          bus.write8(a, r[op & 7]);
          left = this.left - writeCycles(a);
          break;
        case 37: // LDRSB Rt, [Rn, Rm]
          a = (r[(op >> 3) & 7] + r[(op >> 6) & 7]) | 0;
          if ((b = (a - SRAM_BASE) >>> 0) < SRAM_SIZE) {
            r[op & 7] = i8[b + SRAM_AT];
            left--;
            continue;
          }
          if ((b = (a - FLASH_BASE) >>> 0) < flashSize) {
            r[op & 7] = i8[b + FLASH_AT];
            left--;
            continue;
          }
          this.left = left;
          r[op & 7] = (bus.read8(a) << 24) >> 24;
          left = this.left - readCycles(a);
          break;
        case 38: // LDR Rt, [Rn, Rm]
          a = (r[(op >> 3) & 7] + r[(op >> 6) & 7]) | 0;
          if ((b = (a - SRAM_BASE) >>> 0) < SRAM_SIZE && !(a & 3)) {
            r[op & 7] = i32[(b + SRAM_AT) >> 2];
            left--;
            continue;
          }
          if ((b = (a - FLASH_BASE) >>> 0) < flashSize && !(a & 3)) {
            r[op & 7] = i32[(b + FLASH_AT) >> 2];
            left--;
            continue;
          }
          this.left = left;
          r[op & 7] = bus.read32(a);
          left = this.left - readCycles(a);
          break;
        case 43: // LDR Rt, [Rn, #imm]
          a = (r[(op >> 3) & 7] + ((op >> 4) & 0x7c)) | 0;
          if ((b = (a - SRAM_BASE) >>> 0) < SRAM_SIZE && !(a & 3)) {
            r[op & 7] = i32[(b + SRAM_AT) >> 2];
            left--;
            continue;
          }
          if ((b = (a - FLASH_BASE) >>> 0) < flashSize && !(a & 3)) {
            r[op & 7] = i32[(b + FLASH_AT) >> 2];
            left--;
            continue;
          }
          this.left = left;
          r[op & 7] = bus.read32(a);
          left = this.left - readCycles(a);
          break;
        case 49: // LDR Rt, [SP, #imm]
          a = (r[13] + ((op & 0xff) << 2)) | 0;
          if ((b = (a - SRAM_BASE) >>> 0) < SRAM_SIZE && !(a & 3)) {
            r[(op >> 8) & 7] = i32[(b + SRAM_AT) >> 2];
            left--;
            continue;
          }
          this.left = left;
          r[(op >> 8) & 7] = bus.read32(a);
          left = this.left - readCycles(a);
          break;
        case 39: // LDRH Rt, [Rn, Rm]
        case 47: // LDRH Rt, [Rn, #imm]
          a = (r[(op >> 3) & 7] + (op & 0x8000 ? (op >> 5) & 0x3e : r[(op >> 6) & 7])) | 0;
          if ((b = (a - SRAM_BASE) >>> 0) < SRAM_SIZE && !(a & 1)) {
            r[op & 7] = u16[(b + SRAM_AT) >> 1];
            left--;
            continue;
          }
          if ((b = (a - FLASH_BASE) >>> 0) < flashSize && !(a & 1)) {
            r[op & 7] = u16[(b + FLASH_AT) >> 1];
            left--;
            continue;
          }
          this.left = left;
          r[op & 7] = bus.read16(a);
          left = this.left - readCycles(a);
          break;
        case 40: // LDRB Rt, [Rn, Rm]
        case 45: // LDRB Rt, [Rn, #imm]
          a = (r[(op >> 3) & 7] + (op & 0x2000 ? (op >> 6) & 0x1f : r[(op >> 6) & 7])) | 0;
          if ((b = (a - SRAM_BASE) >>> 0) < SRAM_SIZE) {
            r[op & 7] = u8[b + SRAM_AT];
            left--;
            continue;
          }
          if ((b = (a - FLASH_BASE) >>> 0) < flashSize) {
            r[op & 7] = u8[b + FLASH_AT];
            left--;
            continue;
          }
          this.left = left;
          r[op & 7] = bus.read8(a);
          left = this.left - readCycles(a);
          break;
        case 41: // LDRSH Rt, [Rn, Rm]
          a = (r[(op >> 3) & 7] + r[(op >> 6) & 7]) | 0;
          if ((b = (a - SRAM_BASE) >>> 0) < SRAM_SIZE && !(a & 1)) {
            r[op & 7] = i16[(b + SRAM_AT) >> 1];
            left--;
            continue;
          }
          if ((b = (a - FLASH_BASE) >>> 0) < flashSize && !(a & 1)) {
            r[op & 7] = i16[(b + FLASH_AT) >> 1];
            left--;
            continue;
          }
          this.left = left;
          r[op & 7] = (bus.read16(a) << 16) >> 16;
          left = this.left - readCycles(a);
          break;
        case 50: // ADR Rd, label
          r[(op >> 8) & 7] = ((2 * ip + delta + 2) & ~3) + ((op & 0xff) << 2);
          continue;
        case 51: // ADD Rd, SP, #imm
          r[(op >> 8) & 7] = r[13] + ((op & 0xff) << 2);
          continue;
        case 52: // ADD SP, #imm
          r[13] += (op & 0x7f) << 2;
          continue;
        case 53: // SUB SP, #imm
          r[13] -= (op & 0x7f) << 2;
          continue;
        case 54: // SXTH Rd, Rm
          r[op & 7] = (r[(op >> 3) & 7] << 16) >> 16;
          continue;
        case 55: // SXTB Rd, Rm
          r[op & 7] = (r[(op >> 3) & 7] << 24) >> 24;
          continue;
        case 56: // UXTH Rd, Rm
          r[op & 7] = r[(op >> 3) & 7] & 0xffff;
          continue;
        case 57: // UXTB Rd, Rm
          r[op & 7] = r[(op >> 3) & 7] & 0xff;
          continue;
        case 58: { // PUSH {registers, LR}
          let list = op & 0xff;
          const count = BIT_COUNT[list] + ((op >> 8) & 1);
          a = (r[13] - 4 * count) | 0;
          r[13] = a;
          left -= count;
          b = (a - SRAM_BASE) >>> 0;
          if (b <= SRAM_SIZE - 36) {
            let at = (b + SRAM_AT) >> 2;
            for (; list; list &= list - 1) i32[at++] = r[31 - Math.clz32(list & -list)];
            if (op & 0x100) i32[at] = r[14];
            continue;
          }
          this.left = left;
          for (; list; list &= list - 1, a += 4) bus.write32(a, r[31 - Math.clz32(list & -list)]);
          if (op & 0x100) bus.write32(a, r[14]);
          left = this.left;
          break;
        }
        case 59: { // POP {registers, PC}
          let list = op & 0xff;
          a = r[13];
          left -= BIT_COUNT[list];
          r[13] = a + 4 * (BIT_COUNT[list] + ((op >> 8) & 1));
          b = (a - SRAM_BASE) >>> 0;
          if (b <= SRAM_SIZE - 36) {
            let at = (b + SRAM_AT) >> 2;
            for (; list; list &= list - 1) r[31 - Math.clz32(list & -list)] = i32[at++];
            if (!(op & 0x100)) continue;
            target = i32[at];
            jump = true;
            left -= 3;
            break;
          }
          this.left = left;
          for (; list; list &= list - 1, a += 4) r[31 - Math.clz32(list & -list)] = bus.read32(a);
          if (op & 0x100) {
            target = bus.read32(a);
            jump = true;
            this.left -= 3;
          }
          left = this.left;
          break;
        }
        case 60: // CPSIE i
          this.PM = false;
          this.interruptsUpdated = true;
          break;
        case 61: // CPSID i
          this.PM = true;
          continue;
        case 62: // REV Rd, Rm
          a = r[(op >> 3) & 7];
          r[op & 7] =
            (a << 24) | ((a & 0xff00) << 8) | ((a >>> 8) & 0xff00) | (a >>> 24);
          continue;
        case 63: // REV16 Rd, Rm
          a = r[(op >> 3) & 7];
          r[op & 7] = ((a & 0xff00ff) << 8) | ((a >>> 8) & 0xff00ff);
          continue;
        case 64: // REVSH Rd, Rm
          a = r[(op >> 3) & 7];
          r[op & 7] = ((a << 24) >> 16) | ((a >>> 8) & 0xff);
          continue;
        case 65: // BKPT #imm
          this.left = left;
          r[15] = 2 * ip + delta;
          if (!this.onBreakpoint(op & 0xff)) this.fault(`breakpoint at ${hex(r[15] - 2)}`);
          left = this.left;
          break;
        case 66: // NOP
        case 86: // YIELD
          continue;
        case 67: // WFE
          left--;
          if (this.eventRegistered) this.eventRegistered = false;
          else {
            this.waiting = 'WFE';
            this.interruptsUpdated = true;
          }
          break;
        case 68: // WFI
          left--;
          this.waiting = 'WFI';
          this.interruptsUpdated = true;
          break;
        case 69: // SEV
          this.eventRegistered = true;
          continue;
        case 70: // STMIA Rn!, {registers}
          a = r[(op >> 8) & 7];
          this.left = left;
          for (x = 0; x < 8; x++) {
            if (op & (1 << x)) {
              b = (a - SRAM_BASE) >>> 0;
              if (b < SRAM_SIZE && !(a & 3)) i32[(b + SRAM_AT) >> 2] = r[x];
              else bus.write32(a, r[x]);
              a = (a + 4) | 0;
              this.left--;
            }
          }
          r[(op >> 8) & 7] = a;
          left = this.left;
          break;
        case 71: // LDMIA Rn!, {registers}
          a = r[(op >> 8) & 7];
          this.left = left;
          for (x = 0; x < 8; x++) {
            if (op & (1 << x)) {
              b = (a - SRAM_BASE) >>> 0;
              r[x] = b < SRAM_SIZE && !(a & 3) ? i32[(b + SRAM_AT) >> 2] : bus.read32(a);
              a = (a + 4) | 0;
              this.left--;
            }
          }
          // A base register that is in the list keeps what was loaded
          if (!(op & (1 << ((op >> 8) & 7)))) r[(op >> 8) & 7] = a;
          left = this.left;
          break;
        case 72: // BEQ
          if (zv === 0) {
            ip += ((op << 24) >> 24) + 1;
            left--;
          }
          continue;
        case 73: // BNE
          if (zv !== 0) {
            ip += ((op << 24) >> 24) + 1;
            left--;
          }
          continue;
        case 74: // BCS
          if (c) {
            ip += ((op << 24) >> 24) + 1;
            left--;
          }
          continue;
        case 75: // BCC
          if (!c) {
            ip += ((op << 24) >> 24) + 1;
            left--;
          }
          continue;
        case 76: // BMI
          if (nv < 0) {
            ip += ((op << 24) >> 24) + 1;
            left--;
          }
          continue;
        case 77: // BPL
          if (nv >= 0) {
            ip += ((op << 24) >> 24) + 1;
            left--;
          }
          continue;
        case 78: // BVS
          if (v) {
            ip += ((op << 24) >> 24) + 1;
            left--;
          }
          continue;
        case 79: // BVC
          if (!v) {
            ip += ((op << 24) >> 24) + 1;
            left--;
          }
          continue;
        case 80: // BHI
          if (c && zv !== 0) {
            ip += ((op << 24) >> 24) + 1;
            left--;
          }
          continue;
        case 81: // BLS
          if (!c || zv === 0) {
            ip += ((op << 24) >> 24) + 1;
            left--;
          }
          continue;
        case 82: // BGE
          if (nv >>> 31 === v) {
            ip += ((op << 24) >> 24) + 1;
            left--;
          }
          continue;
        case 83: // BLT
          if (nv >>> 31 !== v) {
            ip += ((op << 24) >> 24) + 1;
            left--;
          }
          continue;
        case 84: // BGT
          if (nv >>> 31 === v && zv !== 0) {
            ip += ((op << 24) >> 24) + 1;
            left--;
          }
          continue;
        case 85: // BLE
          if (nv >>> 31 !== v || zv === 0) {
            ip += ((op << 24) >> 24) + 1;
            left--;
          }
          continue;
        case 87: // SVC
          this.pendingSVCall = true;
          this.interruptsUpdated = true;
          break;
        case 88: // B
          ip += ((op << 21) >> 21) + 1;
          left--;
          continue;
        case 89: // BL, MSR, MRS, barriers: the second halfword tells
          if (ip >= flashCode && ip >> 1 !== fetched) {
            fetched = ip >> 1;
            left -= cache.read(ip >> 2);
          }
          b = u16[ip++];
          left -= 2;
          if ((b & 0xd000) === 0xd000) {
            r[14] = (2 * ip + delta) | 1;
            a = (op << 21) >> 31; // S, as all ones or all zeros
            ip += // imm32 / 2, from S:I1:I2:imm10:imm11
              (a & ~0x7fffff) |
              (((((b >> 13) & 1) ^ ~a) & 1) << 22) |
              (((((b >> 11) & 1) ^ ~a) & 1) << 21) |
              ((op & 0x3ff) << 11) |
              (b & 0x7ff);
            continue;
          }
          if (op === 0xf3ef) {
            this.negative = nv;
            this.zero = zv;
            this.carry = c;
            this.overflow = v;
            r[(b >> 8) & 15] = this.readSpecial(b & 0xff);
          } else if ((op & 0xfff0) === 0xf380) {
            this.negative = nv;
            this.zero = zv;
            this.carry = c;
            this.overflow = v;
            this.writeSpecial(b & 0xff, r[op & 15]);
            nv = this.negative;
            zv = this.zero;
            c = this.carry;
            v = this.overflow;
          } else if (op !== 0xf3bf) {
            ip--;
            this.fault(`undefined instruction ${hex((op << 16) | b)}`);
          }
          break;
        default:
          this.fault(`undefined instruction 0x${op.toString(16)} at ${hex(2 * ip + delta - 2)}`);
      }

      if (jump) {
        jump = false;
        if (this.handlerMode && target >>> 28 === 15) {
          exit = target;
          held += left;
          left = 0;
        } else {
          if ((b = (target - FLASH_BASE) >>> 0) < FLASH_SIZE) {
            delta = FLASH_BASE - FLASH_AT;
          } else delta = this.codeDelta(target);
          ip = (target - delta) >> 1;
        }
      }
      if (this.interruptsUpdated) {
        held += left;
        left = 0;
      }
    }

    this.left = left + held;
    this.fetched = fetched;
    this.negative = nv;
    this.zero = zv;
    this.carry = c;
    this.overflow = v;
    r[15] = 2 * ip + delta;
    if (exit) this.exceptionReturn(exit);
  }
}

// The cases of the conditional branches follow the order of the condition codes
if (KIND[0xd000] !== CONDITIONS) throw new Error('decode.mjs and core.mjs disagree');
