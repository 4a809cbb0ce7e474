// What is wired to the Pico: reads the description (sensors.json, see README.md), connects the
// sensors to the chip at each start, and plays signals to them.
import fs from 'node:fs';
import path from 'node:path';
import { channelOfPin, connectAdc } from '../adc.mjs';
import { UsageError } from '../flash.mjs';
import { I2cController } from '../i2c.mjs';
import { Analog } from './analog.mjs';
import { flat, readSignal } from './files.mjs';
import { I2cBus } from './i2cbus.mjs';
import { Microphone } from './microphone.mjs';
import { Mpu6050 } from './mpu6050.mjs';

const GPIO = (value) => Number.isInteger(value) && value >= 0 && value < 30;
const ADDRESS = (value) => Number.isInteger(value) && value >= 0x08 && value < 0x78;
const NUMBER = (value) => Number.isFinite(value);

/** Per kind: its class, and its keys with their checks; those with `?` may be left out. */
const KINDS = {
  mpu6050: [
    Mpu6050,
    { 'sda?': GPIO, 'scl?': GPIO, 'address?': ADDRESS, 'identity?': (v) => v >= 0 && v < 256,
      'interrupt?': GPIO, 'temperature?': NUMBER },
  ],
  analog: [Analog, { pin: (value) => value >= 26 && value <= 29 && GPIO(value) }],
  microphone: [
    Microphone,
    { sck: GPIO, 'ws?': GPIO, sd: GPIO, 'channel?': (v) => ['left', 'right', 'both'].includes(v),
      'bits?': (v) => Number.isInteger(v) && v >= 8 && v <= 32 },
  ],
  loopback: [null, { uart: (value) => value === 0 || value === 1 }],
}; // prettier-ignore

/** Reads a description from a file, if any; names of files in it are relative to its folder. */
export function readSensors(file) {
  if (file === undefined) return new SensorBoard();
  let list;
  try {
    list = JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`can't read the sensors in ${file}: ${error.message}`);
  }
  try {
    return new SensorBoard(list, path.dirname(path.resolve(file)));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${file}: ${error.message}`);
  }
}

export class SensorBoard {
  constructor(list = [], folder = '.') {
    this.folder = folder;
    this.onEvent = () => {};
    this.clock = { nanos: 0 };
    this.sensors = new Map(); // name -> sensor
    this.buses = [];
    this.loopbacks = [];
    if (!Array.isArray(list)) throw new UsageError('the sensors are not a list');
    list.forEach((entry, i) => {
      try {
        this.add(entry);
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        throw new UsageError(`sensor ${i + 1}: ${error.message}`);
      }
    });
  }

  add(entry) {
    const { kind, name = kind, signal, ...options } = entry ?? {};
    if (!Object.hasOwn(KINDS, kind))
      throw new UsageError(`"kind" is ${kind}, not one of ${Object.keys(KINDS).join(', ')}`);
    const [Kind, keys] = KINDS[kind];
    check(options, keys);
    if (!Kind) {
      this.loopbacks.push(options.uart);
      return;
    }
    if (this.sensors.has(name)) throw new UsageError(`two sensors are called ${name}: "name" one`);
    const sensor = new Kind(options);
    if (kind === 'mpu6050') this.wire(sensor, options.sda ?? 4, options.scl ?? 5);
    this.sensors.set(name, sensor);
    if (signal !== undefined) this.start(name, readSignal(signal, this.folder), 0);
  }

  wire(device, sda, scl) {
    if (sda === scl) throw new UsageError(`"sda" and "scl" are both GPIO ${sda}`);
    let bus = this.buses.find((one) => one.sda === sda && one.scl === scl);
    if (!bus) this.buses.push((bus = new I2cBus(sda, scl)));
    if (bus.find(device.address)) throw new UsageError(`two devices have address ${device.address}`);
    bus.devices.push(device);
  }

  /** Connects everything to a chip that has just got its power. `clock`: see Machine.time. */
  attach(chip, pins, clock) {
    this.clock = clock;
    const find = (index, address) =>
      this.buses.find((bus) => bus.belongsTo(index) && bus.find(address))?.find(address);
    [0x40044, 0x40048].forEach((place, i) => {
      chip.i2c[i] = new I2cController(chip, i, find);
      chip.peripherals[place] = chip.i2c[i];
    });
    const inputs = [...this.sensors.values()].filter((sensor) => sensor instanceof Analog);
    connectAdc(chip, (channel) =>
      inputs.find((input) => channelOfPin(input.pin) === channel)?.volts(clock.nanos),
    );
    for (const index of this.loopbacks)
      chip.uart[index].onByte = (byte) => chip.uart[index].feedByte(byte);
    for (const bus of this.buses) bus.attach(chip, pins);
    for (const sensor of this.sensors.values()) sensor.attach(chip, pins, clock);
    this.ends = new Map(); // name -> alarm at the end of its signal
    for (const name of this.sensors.keys()) {
      this.ends.set(name, chip.clock.createAlarm(() => this.ended(name)));
      this.watchEnd(name);
    }
  }

  start(name, signal, nanos) {
    const sensor = this.sensors.get(name);
    const reason = sensor.refuse(signal);
    if (reason) throw new UsageError(`this signal does not fit ${name}: ${reason}`);
    if (signal.start !== null) signal.start = nanos;
    sensor.play(signal);
    this.watchEnd(name);
  }

  watchEnd(name) {
    const alarm = this.ends?.get(name);
    const { signal } = this.sensors.get(name);
    if (!alarm || !signal) return;
    alarm.cancel();
    signal.onStart = () => this.watchEnd(name);
    if (signal.end !== null && signal.end > this.clock.nanos)
      alarm.schedule(signal.end - this.clock.nanos);
  }

  ended(name) {
    this.onEvent({ event: 'played', sensor: name, seconds: this.clock.nanos / 1e9 });
  }

  /** Carries out a line of JSON: {"play": name, "signal": ...} or {"append": name, "values": ...}. */
  command(line) {
    let name;
    try {
      const order = parse(line);
      name = order.play ?? order.append;
      const sensor = this.sensors.get(name);
      if (!sensor) throw new UsageError(`no sensor is called ${name}`);
      const seconds = this.clock.nanos / 1e9;
      if (order.play !== undefined) {
        // After a sample that is taken at this very time, or the first frame would not be seen
        this.start(name, readSignal(order.signal, this.folder), this.clock.nanos + 1);
        this.onEvent({ event: 'playing', sensor: name, seconds });
      } else {
        this.append(sensor, flat(order.values));
        this.watchEnd(name);
        this.onEvent({ event: 'appended', sensor: name, seconds });
      }
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      this.onEvent({ event: 'not played', sensor: name ?? null, reason: error.message });
    }
  }

  append(sensor, values) {
    const { signal } = sensor;
    if (!signal) throw new UsageError('no signal is being played: "play" one first');
    if (signal.loop) throw new UsageError('a signal that repeats has no end to add to');
    if (values.length % signal.channels)
      throw new UsageError(`"values" does not have ${signal.channels} numbers in each frame`);
    sensor.update?.();
    signal.append(values, this.clock.nanos + 1); // as in `command`
  }
}

function parse(line) {
  try {
    const order = JSON.parse(line);
    if (order !== null && typeof order === 'object') return order;
  } catch {
    // said below
  }
  throw new UsageError('this line is no JSON object');
}

function check(options, keys) {
  for (const [key, valid] of Object.entries(keys)) {
    const name = key.replace('?', '');
    if (options[name] === undefined && key.endsWith('?')) continue;
    if (!valid(options[name])) throw new UsageError(`"${name}" is ${options[name]}`);
  }
  const odd = Object.keys(options).find((name) => !(name in keys) && !(`${name}?` in keys));
  if (odd !== undefined) throw new UsageError(`"${odd}" is no key of this kind`);
}
