// Test tool: runs firmware on core.mjs and on rp2040js's own interpreter side by side, from the
// reset through some work at the prompt, then random instructions; compares registers, flags and
// cycles after every instruction.
//
//   node lockstep.mjs FIRMWARE.bin MOST_INSTRUCTIONS
//
// Prints a JSON line; exit status 1 at the first difference. Not differences, but known faults of
// the package, which are counted instead and corrected on its side:
//   pushLR, popPC  PUSH with LR and POP with PC take one cycle less than the Cortex-M0+ manual says
//   entry          exceptions are entered in no time, the manual says 15 cycles
//   carry          shifts by a register: C changes on a shift by 0, or is wrong beyond 32
//   overflow       ADCS, SBCS: V is wrong where an operand and the carry add up to a carry
//   sev            SEV does not set the event register
import fs from 'node:fs';
import { Machine } from './machine.mjs';
import { RP2040 } from './library.mjs';
import { KIND } from './decode.mjs';
import { hex } from './exceptions.mjs';

const CHECK_MEMORY_EVERY = 100_000;
// Typed at the prompt once the firmware has booted, so that more than the boot is compared
const SCRIPT = [
  'x = [i * i % 37 for i in range(3000)]; x.sort(); print(sum(x))',
  'print(3 ** 400 % 1000007, -7 // 2, -(1 << 70) >> 3, 10 ** 30 // 7 ** 9)',
  'import math; print([math.sin(i / 7) ** 0.5 if i % 3 else math.exp(-i) for i in range(40)])',
  'print("%8.3f|%-9s|%x" % (1e10 / 3, "abc", 48879), float("1.5e-7"), int(3.9e9), hash("pico"))',
  'import json; print(json.loads(json.dumps({"a": [1, 2.5, None, "\\u00e9"], "b": {str(i): i for i in range(50)}})))',
  'import hashlib; h = hashlib.sha256(); [h.update(bytes(range(256))) for _ in range(20)]; print(h.digest())',
  'import struct, array; a = array.array("h", range(-300, 300)); print(sum(a), struct.pack("<bHf", -3, 65535, 2.5))',
  'f = open("lockstep", "w"); print(f.write("flash" * 500)); f.close(); print(open("lockstep").read()[-7:])',
  'import time; time.sleep_ms(30); print(len([str(i)[::-1].encode() for i in range(500)]))',
];

const [PUSH, POP, SEV] = [58, 59, 69];
const [ADCS, SBCS, ASRS] = [17, 18, 16];
const SHIFTS = [14, 15, ASRS, 19];
const [BX, BLX, CPS_ENABLE, CPS_DISABLE] = [31, 32, 60, 61];
const LOADS_AND_STORES = Array.from({ length: 17 }, (_, i) => 33 + i);
const FUZZ = 300_000; // random instructions after the firmware's
const SCRATCH = 0x20041000; // where they are put

const image = fs.readFileSync(process.argv[2]);
const instructions = Number(process.argv[3]);

function makeMachine() {
  const machine = new Machine((array) => {
    array.fill(0xff).set(image);
    return {
      uniqueId: new Uint8Array(8),
      erase: (offset, length) => array.fill(0xff, offset, offset + length),
      program: (offset, bytes) => bytes.forEach((byte, i) => (array[offset + i] &= byte)),
    };
  });
  machine.onStop = (why) => finish(why, 1);
  machine.powerOn();
  // Both see the same "random" bits
  machine.bus.chip.peripherals[0x40060].readUint32 = (offset) => (offset === 0x18 ? 0x80001000 : 1);
  return machine;
}

/** Puts the package's interpreter into a machine. */
function withPackageCore(machine) {
  const { chip } = machine.bus;
  const core = new new RP2040().core.constructor(chip);
  core.registers.set(new Uint32Array(machine.core.registers));
  core.C = core.Z = false;
  core.bankedSP = 0;
  core.VTOR = 0;
  chip.core = core;
  chip.onBreak = (n) => {
    const cycles = machine.rom.call(n, core.registers, chip);
    if (cycles === null) finish(`breakpoint ${n} at ${hex(core.PC)}`, 1);
    romCycles = cycles;
  };
  machine.clock.core = { elapsed: 0, limitSlice() {}, endSlice() {} };
  return core;
}

const counts = {
  instructions: 0,
  cycles: 0,
  pushLR: 0,
  popPC: 0,
  entry: 0,
  carry: 0,
  overflow: 0,
  sev: 0,
};
function finish(result, status) {
  process.stdout.write(`${JSON.stringify({ result, ...counts })}\n`);
  process.exit(status);
}

let listening = false;
/** Types the next line of the script; false if there is none left. */
function typeNext() {
  if (listening && SCRIPT.length === 0) return false;
  const line = listening ? SCRIPT.shift() : null;
  for (const { host } of [ours, theirs]) {
    if (line === null) host.setLineState(true);
    else host.send(Buffer.from(`${line}\r`));
  }
  listening = true;
  return true;
}

let romCycles = 0;
const ours = makeMachine();
const theirs = makeMachine();
const a = ours.core;
const b = withPackageCore(theirs);
const u16 = ours.memory.u16;

function differ(what, pc, op) {
  const show = (r, flags) => `${[...r].map(hex).join(' ')} ${flags}`;
  process.stderr.write(
    `${what} differ after 0x${op.toString(16)} at ${hex(pc)}\n` +
      `  ours   ${show(a.registers, hex(a.apsr))} IPSR ${a.IPSR}\n` +
      `  theirs ${show(b.registers, hex(b.APSR))} IPSR ${b.IPSR}\n`,
  );
  finish(`${what} differ`, 1);
}

/** One instruction on both, and everything compared. */
function step() {
  a.budget = a.left = 1;
  if (a.interruptsUpdated) a.takeException();
  const entry = a.elapsed; // cycles of an exception's entry, or 0
  if (entry > 0) counts.entry++;
  const pc = a.registers[15];
  const before = [...a.registers];
  const carry = a.carry;
  a.budget = a.left = 1;
  a.execute();
  const cycles = entry + a.elapsed;
  a.budget = a.left = 0;

  romCycles = 0;
  theirs.clock.core.elapsed = 1; // as ours: data is accessed after the instruction's first cycle
  let theirCycles = entry + b.executeInstruction() + romCycles;
  theirs.clock.core.elapsed = 0;
  b.PC &= ~1; // the package leaves the Thumb bit of a vector in it

  const op = ours.memory.u16[ours.memory.locate(pc, 2) >> 1];
  theirCycles += correct(op, before, carry);
  for (let i = 0; i < 16; i++)
    if (a.registers[i] >>> 0 !== b.registers[i]) differ('registers', pc, op);
  if (a.apsr >>> 0 !== b.APSR >>> 0) differ('flags', pc, op);
  if (a.IPSR !== b.IPSR || a.PM !== b.PM) differ('modes', pc, op);
  if (cycles !== theirCycles) differ(`cycles (${cycles} and ${theirCycles})`, pc, op);
  if (counts.instructions++ % CHECK_MEMORY_EVERY === 0) compareMemories();
  counts.cycles += cycles;
  const nanos = cycles * ours.clock.nanosPerCycle;
  ours.clock.advance(nanos);
  theirs.clock.advance(nanos);
}

/** Puts the package's known faults right; returns the cycles that it forgot. */
function correct(op, before, carry) {
  const kind = KIND[op];
  if (kind === PUSH && op & 0x100) {
    counts.pushLR++;
    return 1;
  }
  if (kind === POP && op & 0x100) {
    counts.popPC++;
    return 1;
  }
  if (SHIFTS.includes(kind) && b.C !== (a.carry === 1)) {
    const amount = before[(op >> 3) & 7] & 0xff;
    const value = before[op & 7];
    const beyond = kind === ASRS ? value >>> 31 : 0;
    const right = amount === 0 ? carry : beyond;
    if ((amount === 0 || amount > 32) && a.carry === right) {
      b.C = right === 1;
      counts.carry++;
    }
  } else if ((kind === ADCS || kind === SBCS) && b.V !== (a.overflow === 1)) {
    const [x, y] = [before[op & 7], before[(op >> 3) & 7]];
    const sum = kind === ADCS ? x + y + carry : x - y - (1 - carry);
    if (a.overflow === (sum === (sum | 0) ? 0 : 1)) {
      b.V = a.overflow === 1;
      counts.overflow++;
    }
  } else if (kind === SEV) {
    b.eventRegistered = true;
    counts.sev++;
  }
  return 0;
}

function compareMemories() {
  if (Buffer.compare(ours.memory.sram, theirs.memory.sram)) differ('memories', a.registers[15], 0);
}

/** Random instructions that compute, on random registers. */
function fuzz(count) {
  let seed = 12345;
  const random = (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const edges = [
    0, 1, 2, 31, 32, 33, 255, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff,
  ];
  const last = 64; // of the kinds in decode.mjs that are tried
  const left = [BX, BLX, ...LOADS_AND_STORES, PUSH, POP, CPS_ENABLE, CPS_DISABLE];
  const opcodes = [];
  KIND.forEach((kind, op) => {
    if (kind === 0 || kind > last || left.includes(kind)) return;
    const high = kind >= 28 && kind <= 30;
    const [target, source] = [((op >> 4) & 8) | (op & 7), (op >> 3) & 15];
    if (high && (target >= 13 || source >= 13)) return; // PC and SP are tried by real code
    opcodes.push(op);
  });
  a.PM = b.PM = true;
  for (let i = 0; i < count; i++) {
    const op = opcodes[random(opcodes.length)];
    for (const machine of [ours, theirs])
      machine.memory.u16[machine.memory.locate(SCRATCH, 2) >> 1] = op;
    for (let r = 0; r < 13; r++) {
      const value = random(2) ? edges[random(edges.length)] : random(2 ** 32);
      a.registers[r] = value;
      b.registers[r] = value;
    }
    a.apsr = b.APSR = random(16) << 28;
    a.registers[15] = SCRATCH;
    b.registers[15] = SCRATCH;
    step();
  }
}

while (counts.instructions < instructions) {
  while (ours.sleeping) {
    if (!b.waiting) differ('sleeping states', a.registers[15], 0);
    const nanos = ours.clock.nanosToNextAlarm;
    if (nanos === Infinity) {
      if (!typeNext()) break;
    } else {
      ours.clock.advance(nanos);
      theirs.clock.advance(nanos);
    }
  }
  if (ours.sleeping) break;
  step();
}
compareMemories();
a.waiting = b.waiting = false;
a.interruptsUpdated = b.interruptsUpdated = false;
fuzz(FUZZ);
finish('equal', 0);
