// Counts the cycles of a function, on core.mjs and on rp2040js's own interpreter.
//
//   node count.mjs FLASH SRAM END R0 R1 ... R15
//
// FLASH and SRAM are files with the whole memories, R15 is the function's address, END where it
// returns to. SRAM is written back as core.mjs leaves it. Prints a JSON line: `cycles` of core.mjs;
// `package` those of rp2040js, with those `added` that it forgets (see lockstep.mjs: a PUSH with LR
// and a POP with PC take one more); `equal`: whether both leave the same memory and registers.
import fs from 'node:fs';
import { Bus } from './bus.mjs';
import { Core } from './core.mjs';
import { RP2040 } from './library.mjs';
import { Memory } from './memory.mjs';

const [, , flashFile, sramFile, ...numbers] = process.argv;
const [end, ...registers] = numbers.map(Number);
const flash = fs.readFileSync(flashFile);
const sram = fs.readFileSync(sramFile);

function runOurs() {
  const memory = new Memory();
  memory.flash.set(flash);
  memory.sram.set(sram);
  const core = new Core(memory, new Bus(memory));
  core.bus.onFault = (reason) => core.fault(reason);
  core.registers.set(registers);
  let cycles = 0;
  while (core.registers[15] >>> 0 !== end) {
    core.budget = core.left = 1;
    core.execute();
    cycles += core.elapsed;
    if (core.pendingFault) throw new Error(core.pendingFault);
  }
  return { cycles, sram: memory.sram, registers: core.registers };
}

function runPackage() {
  const chip = new RP2040();
  chip.flash.set(flash);
  chip.sram.set(sram);
  const { core } = chip;
  core.registers.set(registers);
  let cycles = 0;
  let added = 0;
  while ((core.PC & ~1) >>> 0 !== end) {
    const at = core.PC & ~1;
    const op = chip.readUint16(at);
    added += op >> 8 === 0xb5 || op >> 8 === 0xbd ? 1 : 0;
    cycles += core.executeInstruction();
  }
  return { cycles, added, sram: chip.sram, registers: core.registers };
}

const ours = runOurs();
const theirs = runPackage();
const same = [...Array(13).keys()].every((i) => ours.registers[i] === (theirs.registers[i] | 0));
fs.writeFileSync(sramFile, ours.sram);
process.stdout.write(
  `${JSON.stringify({
    cycles: ours.cycles,
    package: theirs.cycles + theirs.added,
    added: theirs.added,
    equal: same && Buffer.compare(ours.sram, theirs.sram) === 0,
  })}\n`,
);
