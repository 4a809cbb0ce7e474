// Runs MicroPython programs on the emulated Pico by the chip's own clock alone: what they print and
// how long they take are the same at each run, on any computer, however busy.
//
//   node script.mjs FLASH PROGRAM.py ... [--cache] [--save FILE]
//
// FLASH is a file with the flash's first bytes; it is not changed. The programs run one after the
// other. What they print goes to stdout, and the flash as they leave it into the file to save.
// Exit status 1 where one raises an exception (its traceback is on stderr) or never ends.
import fs from 'node:fs';
import { parseArgs } from 'node:util';
import { Machine } from './machine.mjs';
import { warmUp } from './warmup.mjs';

const SLICE_CYCLES = 100_000;
const MOST_NANOS = 600e9; // of the chip's time
const [INTERRUPT, RAW, END] = ['\x03', '\x01', '\x04'];
const READY = 'raw REPL; CTRL-B to exit\r\n>';

const { values, positionals } = parseArgs({
  options: { cache: { type: 'boolean', default: false }, save: { type: 'string' } },
  allowPositionals: true,
});
const [image, ...programs] = positionals.map((file) => fs.readFileSync(file));

const machine = new Machine((array) => {
  array.fill(0xff).set(image);
  return {
    uniqueId: new Uint8Array(8),
    erase: (offset, length) => array.fill(0xff, offset, offset + length),
    program: (offset, bytes) => bytes.forEach((byte, i) => (array[offset + i] &= byte)),
  };
}, values.cache);

function fail(text) {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

/** Lets the chip run until it has sent `end` once more; what came before that. */
let received = '';
function until(end) {
  const { clock } = machine;
  while (!received.includes(end)) {
    if (machine.time.nanos > MOST_NANOS) fail(`no end after ${MOST_NANOS / 1e9} s: ${received}`);
    if (machine.sleeping) clock.advance(clock.nanosToNextAlarm);
    else machine.runSlice(SLICE_CYCLES);
  }
  const at = received.indexOf(end);
  const before = received.slice(0, at);
  received = received.slice(at + end.length);
  return before;
}

warmUp();
machine.onStop = (why, reason) => fail(`${why}: ${reason}`);
const host = machine.powerOn();
host.onData = (bytes) => (received += Buffer.from(bytes).toString('latin1'));
host.onPlugged = () => host.setLineState(true);
while (!host.serial) {
  if (machine.sleeping) machine.clock.advance(machine.clock.nanosToNextAlarm);
  else machine.runSlice(SLICE_CYCLES);
}
until('>>> ');
host.send(Buffer.from(INTERRUPT + RAW));
until(READY);
for (const program of programs) {
  host.send(Buffer.concat([program, Buffer.from(END)]));
  until('OK');
  process.stdout.write(Buffer.from(until(END), 'latin1'));
  const problem = until(`${END}>`);
  if (problem) fail(problem.trimEnd());
}
if (values.save) fs.writeFileSync(values.save, machine.memory.flash);
