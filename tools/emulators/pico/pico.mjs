// The emulated Raspberry Pi Pico as a command. See README.md.
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { PAGE, SECTOR } from './bootrom.mjs';
import { Drive } from './drive.mjs';
import { Flash, UsageError } from './flash.mjs';
import { FlashLog } from './flashlog.mjs';
import { Machine } from './machine.mjs';
import { Runner } from './runner.mjs';
import { readSensors } from './sensors/board.mjs';
import { SerialPort } from './serialport.mjs';
import { pagesOfImage, parseUf2, Uf2Error } from './uf2.mjs';
import { warmUp } from './warmup.mjs';

const USAGE = `usage: node pico.mjs --flash FILE [--port N] [--drive DIR] [--firmware FILE]
                    [--flash-log FILE] [--cut-power N [--torn]] [--ground N]
                    [--sensors FILE] [--speed N] [--patience N] [--cache] [--with-stdin]

  --flash FILE      the flash chip: 2 MiB, made if it is not there
  --port N          TCP port of the serial port on 127.0.0.1 (default 0: a free one)
  --drive DIR       where the RPI-RP2 drive appears (default: FILE.RPI-RP2)
  --firmware FILE   a .uf2 or .bin to be in the flash from the start
  --flash-log FILE  write each flash operation to FILE, one JSON object a line
  --cut-power N     end after N flash operations, as the next one begins
  --torn            ... with the first half of that one done
  --ground N        connect GPIO N to ground
  --sensors FILE    what is wired to the pins, as JSON; see README.md
  --speed N         a sleeping chip sleeps N times faster than in real time (default 1)
  --patience N      a second client waits N seconds for the first one to leave (default 8)
  --cache           reads of flash take the time that they take through a board's cache
  --with-stdin      end when standard input is closed; its lines are orders
`;

const OPTIONS = {
  flash: { type: 'string' },
  port: { type: 'string', default: '0' },
  drive: { type: 'string' },
  firmware: { type: 'string' },
  'flash-log': { type: 'string' },
  'cut-power': { type: 'string' },
  torn: { type: 'boolean', default: false },
  ground: { type: 'string' },
  sensors: { type: 'string' },
  speed: { type: 'string', default: '1' },
  patience: { type: 'string', default: '8' },
  cache: { type: 'boolean', default: false },
  'with-stdin': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
};

const FASTEST = 100;

const say = (text) => process.stderr.write(`pico: ${text}\n`);
const report = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

function readOptions() {
  let values;
  try {
    ({ values } = parseArgs({ options: OPTIONS }));
  } catch (error) {
    usage(error.message);
  }
  if (values.help) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  if (!values.flash) usage('name the flash file with --flash');
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    usage(`--port ${values.port} is no port number`);
  const cut = values['cut-power'];
  if (cut !== undefined && !/^\d+$/.test(cut)) usage(`--cut-power ${cut} is no number`);
  if (values.torn && cut === undefined) usage('--torn goes with --cut-power');
  const { ground } = values;
  if (ground !== undefined && !(/^\d+$/.test(ground) && ground < 30))
    usage(`--ground ${ground} is no GPIO`);
  const speed = Number(values.speed);
  if (!isSpeed(speed)) usage(`--speed ${values.speed} is not from 1 to ${FASTEST}`);
  const patience = Number(values.patience);
  if (!(patience >= 0)) usage(`--patience ${values.patience} is no number of seconds`);
  return {
    ...values,
    port,
    speed,
    patience,
    ground: ground === undefined ? undefined : Number(ground),
    drive: values.drive ?? `${values.flash}.RPI-RP2`,
    cutAfter: cut === undefined ? undefined : Number(cut),
  };
}

const isSpeed = (value) => value >= 1 && value <= FASTEST;

/** What a line of JSON orders; nothing if it is no object. */
function orderIn(line) {
  try {
    return JSON.parse(line) ?? {};
  } catch {
    return {};
  }
}

function usage(message) {
  process.stderr.write(`pico: ${message}\n${USAGE}`);
  process.exit(2);
}

function readFirmware(file) {
  let bytes;
  try {
    bytes = fs.readFileSync(file);
  } catch (error) {
    throw new UsageError(`can't read the firmware ${file}: ${error.message}`);
  }
  if (path.extname(file).toLowerCase() !== '.uf2') return pagesOfImage(bytes);
  const pages = parseUf2(bytes);
  if (!pages) throw new UsageError(`${file} is incomplete`);
  return pages;
}

/** Writes pages as the boot ROM does: only the sectors they lie in are erased. */
function program(flash, pages) {
  const sectors = new Set(pages.map(({ offset }) => offset - (offset % SECTOR)));
  for (const sector of sectors) flash.erase(sector, SECTOR);
  for (const { offset, bytes } of pages) flash.program(offset, bytes);
}

const holds = (flash, pages) =>
  pages.every(
    ({ offset, bytes }) => Buffer.compare(flash.array.subarray(offset, offset + PAGE), bytes) === 0,
  );

/** Errors that are the user's or the system's, not this program's. */
const expected = (error) =>
  error instanceof UsageError || error instanceof Uf2Error || error.syscall;

class Pico {
  constructor(options) {
    this.options = options;
    const board = readSensors(options.sensors); // before anything is made
    this.drive = new Drive(options.drive);
    const makeFlash = (array) => (this.flash = new Flash(options.flash, array));
    this.machine = new Machine(makeFlash, options.cache);
    this.machine.board = board;
    this.machine.grounded = options.ground;
    this.runner = new Runner(this.machine, options.speed);
    this.port = new SerialPort(options.port, options.patience);
    this.announced = false;
    this.connect();
  }

  connect() {
    const { machine, runner, port, drive } = this;
    port.onEvent = (event) => {
      if (event.reason) say(`connection refused: ${event.reason}`);
      report(event);
    };
    port.onActivity = () => runner.wake();
    runner.afterTurn = () => port.flush();
    machine.onWarning = (text) => this.warn(text);
    machine.board.onEvent = (event) => {
      if (event.event === 'not played') say(`not played: ${event.reason}`);
      report(event);
    };
    machine.onStop = (why, reason) => setImmediate(() => this.stopped(why, reason));
    drive.onRejected = (name, reason) => {
      say(`${name} on the boot drive is not taken: ${reason}`);
      report({ event: 'rejected', file: name, reason });
    };
    drive.onProgram = (pages, name) => {
      program(this.flash, pages);
      drive.unmount();
      report({ event: 'flashed', file: name, bytes: pages.length * PAGE });
      this.boot();
    };
  }

  async start() {
    const { firmware } = this.options;
    if (firmware) {
      const pages = readFirmware(firmware);
      if (!holds(this.flash, pages)) program(this.flash, pages);
    }
    this.watchFlash();
    await this.port.reserve();
    warmUp();
    this.boot();
  }

  watchFlash() {
    const { 'flash-log': file, cutAfter, torn } = this.options;
    const onCut = (operations) => {
      report({ event: 'power cut', operations });
      this.end(0);
    };
    new FlashLog(this.flash, { file, cutAfter, torn, onCut });
  }

  warn(text) {
    say(text);
    report({ event: 'warning', text });
  }

  /** The first time, says that everything is up. */
  announce(state) {
    if (this.announced) return;
    this.announced = true;
    const { port, flash, drive } = this;
    report({
      event: 'ready',
      state,
      port: port.number,
      flash: flash.file,
      drive: drive.folder,
      pid: process.pid,
    });
  }

  boot(watchdog = 0) {
    if (!this.machine.bootable) {
      this.bootsel();
      return;
    }
    report({ event: 'boot', watchdog: watchdog !== 0 });
    const host = this.machine.powerOn(watchdog);
    this.port.attach(host);
    host.onPlugged = () => this.open(host);
    host.onUnplugged = () => this.port.close();
    this.runner.start();
  }

  async open(host) {
    try {
      await this.port.close();
      await this.port.listen();
    } catch (error) {
      this.fail(error);
    }
    if (this.machine.host !== host) return;
    report({ event: 'port', port: this.port.number });
    this.announce('running');
  }

  bootsel() {
    this.drive.mount();
    report({ event: 'bootsel', drive: this.drive.folder });
    this.announce('bootsel');
  }

  async stopped(why, reason) {
    this.runner.stop();
    if (why === 'lockup') {
      // The chip is dead but still plugged in
      say(`the chip locked up: ${reason}`);
      report({ event: 'lockup', reason });
      return;
    }
    await this.port.close();
    if (why === 'bootsel') this.bootsel();
    else this.boot(reason);
  }

  /** A line from standard input: {"speed": N}, {"press": PIN}, or an order to the sensors. */
  order(line) {
    this.runner.wake(); // time goes on to now
    const { speed, press, down = true } = orderIn(line);
    if (press !== undefined) {
      if (!this.machine.press(press, down)) this.warn(`"press" is ${press}, not a GPIO or "bootsel"`);
      else report({ event: 'pressed', press, down, seconds: this.machine.time.nanos / 1e9 });
    } else if (speed === undefined) {
      this.machine.board.command(line);
    } else if (isSpeed(speed)) {
      this.runner.setSpeed(speed);
      report({ event: 'speed', speed, seconds: this.machine.time.nanos / 1e9 });
    } else {
      this.warn(`"speed" is ${speed}, not from 1 to ${FASTEST}`);
    }
  }

  end(status) {
    this.runner.stop();
    this.drive.unmount();
    this.flash.release();
    process.exit(status);
  }

  fail(error) {
    if (error.code === 'EADDRINUSE') say(`port ${this.port.number} is in use; take another --port`);
    else say(expected(error) ? error.message : error.stack);
    this.end(1);
  }
}

function main() {
  const options = readOptions();
  let pico;
  try {
    pico = new Pico(options);
    pico.start().catch((error) => pico.fail(error));
  } catch (error) {
    pico?.flash?.release();
    if (!expected(error)) throw error;
    say(error.message);
    process.exit(1);
  }
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => pico.end(0));
  process.stdout.on('error', () => pico.end(1)); // nobody reads the events any more
  if (options['with-stdin']) {
    const lines = createInterface({ input: process.stdin });
    lines.on('line', (line) => pico.order(line)).on('close', () => pico.end(0));
  }
}

main();
