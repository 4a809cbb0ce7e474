// Shows V8 all that the interpreter does before the chip starts. V8 compiles `Core.execute` for what
// it has seen of it. At the first case that is new it drops that code, goes on slowly, and compiles
// all of it again: some ten times in a boot, which was more than half of what a boot cost.
import v8 from 'node:v8';
import { KIND } from './decode.mjs';
import { Machine } from './machine.mjs';
import { FLASH_BASE, ROM_BASE, SRAM_BASE } from './memory.mjs';

const ROUNDS = 16; // each of them tries all kinds of instructions, on other values
const EACH = 4; // instructions of a kind in a round
const CODE = 0x800; // in each memory: where the instructions are put
const DATA = 0x1000;
const MEMORIES = [SRAM_BASE, FLASH_BASE, ROM_BASE];
// Ring oscillator, end of the USB memory, spinlocks, the vector table's place, nothing
const OTHERS = [0x40060000, 0x50100f00, 0xd0000100, 0xe000ed08, 0x30000000];
const EDGES = [0, 1, 2, 31, 33, 255, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff];
const LARGE = 0xffffffff; // no small integer: V8 keeps fields that may hold one in another way
const EXCEPTION_RETURN = 0xfffffff9;
const LONG = [0xf000, 0xf3ef, 0xf380, 0xf3bf]; // first halves: BL, MRS, MSR, a barrier
const LAST_HALVES = [0xf801, 0x8005, 0x8803, 0x8f4f];
const [FIRST_ACCESS, LAST_ACCESS, FIRST_MULTIPLE, LAST_MULTIPLE] = [34, 47, 70, 71];
const LAST_BY_REGISTER = 41; // of the accesses: their address is the sum of two registers

/** The opcodes of each kind that are tried. */
function opcodesByKind() {
  const kinds = [];
  KIND.forEach((kind, op) => {
    const twice = ((op >> 3) & 7) === ((op >> 6) & 7); // an address that could be anywhere
    const byRegister = kind >= FIRST_ACCESS && kind <= LAST_BY_REGISTER;
    if (kind !== 0 && !(byRegister && twice)) (kinds[kind] ??= []).push(op);
  });
  return kinds;
}

/** Carries out instructions of all kinds on a chip that nobody sees. */
export function warmUp() {
  v8.setFlagsFromString('--no-use-osr'); // the slices are short: no need to compile amid one
  let seed = 1;
  const random = (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const among = (list) => list[random(list.length)];
  const machine = new Machine(() => ({ uniqueId: new Uint8Array(8) }));
  const { core, memory } = machine;
  core.VTOR = core.SHPR2 = core.SHPR3 = LARGE;
  core.pendingInterrupts = core.enabledInterrupts = LARGE;
  machine.powerOn();
  const r = core.registers;
  const atBreakpoints = [() => true, () => false]; // two, as the chip's will be another one

  const number = () => (random(2) ? among(EDGES) : random(2 ** 32));
  const address = () =>
    DATA * random(2) + (random(2) ? among(MEMORIES) + random(64) : among(OTHERS) + random(4));
  const aligned = () => (random(4) ? address() & ~3 : address());
  const run = (kind, op, next) => {
    const accesses =
      (kind >= FIRST_ACCESS && kind <= LAST_ACCESS) ||
      (kind >= FIRST_MULTIPLE && kind <= LAST_MULTIPLE);
    for (let i = 0; i < 15; i++) r[i] = accesses ? aligned() : number();
    if (accesses && kind <= LAST_BY_REGISTER) r[(op >> 6) & 7] = 4 * random(4);
    r[13] = (random(4) ? SRAM_BASE : ROM_BASE) + DATA + 4 * random(64);
    core.apsr = random(16) << 28;
    core.handlerMode = random(4) === 0;
    if (core.handlerMode) r[14] = EXCEPTION_RETURN;
    r[15] = among(MEMORIES) + CODE;
    core.onBreakpoint = among(atBreakpoints);
    const at = memory.locate(r[15], 4) >> 1;
    memory.u16[at] = op;
    memory.u16[at + 1] = next;
    core.budget = core.left = 1;
    core.execute();
    core.pendingFault = null;
    core.interruptsUpdated = core.halted = core.waiting = core.pendingSVCall = false;
  };

  const kinds = opcodesByKind();
  for (let round = 0; round < ROUNDS; round++) {
    kinds.forEach((opcodes, kind) => {
      for (let i = 0; i < EACH; i++) run(kind, among(opcodes), among(opcodes));
    });
    LONG.forEach((op, i) => run(KIND[op], op, LAST_HALVES[i]));
  }
}
