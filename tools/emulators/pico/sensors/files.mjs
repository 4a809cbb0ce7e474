// Reads signals from files: recordings (.rec), NumPy arrays (.npy), sound (.wav), and describes
// them as sensors.json does.
import fs from 'node:fs';
import path from 'node:path';
import { UsageError } from '../flash.mjs';
import { Signal } from './signal.mjs';

const REC_FORMAT = 'xnornode-recording-1';
const PCM = 1;

/** Readers of one value, with the size of a value and what is full scale. */
const TYPES = {
  '|i1': [1, (b, at) => b.readInt8(at), 2 ** 7],
  '|u1': [1, (b, at) => b.readUInt8(at), 2 ** 7],
  '<i2': [2, (b, at) => b.readInt16LE(at), 2 ** 15],
  '<i4': [4, (b, at) => b.readInt32LE(at), 2 ** 31],
  '<f4': [4, (b, at) => b.readFloatLE(at), 1],
  '<f8': [8, (b, at) => b.readDoubleLE(at), 1],
  wav24: [3, (b, at) => b.readIntLE(at, 3), 2 ** 23],
};

function valuesOf(bytes, type) {
  const [size, read, fullScale] = TYPES[type];
  const values = new Float64Array(Math.floor(bytes.length / size));
  for (let i = 0; i < values.length; i++) values[i] = read(bytes, i * size);
  return { values, fullScale };
}

const plain = (channels) => ({
  names: Array(channels).fill(''),
  scales: Array(channels).fill(1),
});

function readRecording(bytes) {
  const end = bytes.indexOf(10);
  let header;
  try {
    header = JSON.parse(bytes.subarray(0, end).toString('ascii'));
  } catch {
    header = {};
  }
  const { format, channels: names, scales, rate_mhz: rate } = header;
  const known = format === REC_FORMAT && Array.isArray(names) && names.length > 0;
  if (!known || scales?.length !== names.length || !(rate > 0))
    throw new UsageError('it is no recording: see docs/reference/recordings.md');
  const data = valuesOf(bytes.subarray(end + 1), '<i2');
  // A scale of 0 is unknown: counts stay counts
  return { ...data, names, scales: scales.map((s) => (s ? s / 1e9 : 1)), rate: rate / 1000 };
}

function readNpy(bytes) {
  const long = bytes[6] > 1;
  const length = bytes.length < 12 ? 0 : long ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8);
  const start = (long ? 12 : 10) + length;
  const header = bytes.subarray(long ? 12 : 10, start).toString('latin1');
  const type = /'descr': *'([^']+)'/.exec(header)?.[1];
  const shape = /'shape': *\(([^)]*)\)/.exec(header)?.[1].split(',').filter((n) => n.trim());
  if (bytes.toString('latin1', 1, 6) !== 'NUMPY' || !shape)
    throw new UsageError('it is no NumPy array');
  if (!(type in TYPES)) throw new UsageError(`it holds values of type ${type}; save it as float32`);
  if (/'fortran_order': *True/.test(header) || shape.length < 1 || shape.length > 2)
    throw new UsageError('its shape is not (frames, channels), in C order');
  return { ...valuesOf(bytes.subarray(start), type), ...plain(Number(shape[1] ?? 1)) };
}

function readWav(bytes) {
  let format = null;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const id = bytes.toString('latin1', at, at + 4);
    const size = bytes.readUInt32LE(at + 4);
    const chunk = bytes.subarray(at + 8, at + 8 + size);
    if (id === 'fmt ') format = chunk;
    if (id === 'data' && format) {
      const type = { 16: '<i2', 24: 'wav24', 32: '<i4' }[format.readUInt16LE(14)];
      if (format.readUInt16LE(0) !== PCM || !type)
        throw new UsageError('its sound is not PCM of 16, 24 or 32 bits');
      const channels = format.readUInt16LE(2);
      return { ...valuesOf(chunk, type), ...plain(channels), rate: format.readUInt32LE(4) };
    }
    at += 8 + size + (size & 1);
  }
  throw new UsageError('it is no WAV file with sound');
}

const READERS = { '.rec': readRecording, '.npy': readNpy, '.wav': readWav };

export function readFile(file) {
  const reader = READERS[path.extname(file).toLowerCase()];
  if (!reader) throw new UsageError(`can't play ${file}: give a .rec, .npy or .wav file`);
  try {
    return reader(fs.readFileSync(file));
  } catch (error) {
    if (!(error instanceof UsageError) && !error.syscall) throw error;
    throw new UsageError(`can't play ${file}: ${error.message}`);
  }
}

function joined(parts, files) {
  const [first] = parts;
  parts.forEach((part, i) => {
    const same = part.names.length === first.names.length && part.rate === first.rate;
    if (!same) throw new UsageError(`${files[i]} has another rate or other channels than ${files[0]}`);
  });
  const values = new Float64Array(parts.reduce((sum, part) => sum + part.values.length, 0));
  let at = 0;
  for (const part of parts) {
    values.set(part.values, at);
    at += part.values.length;
  }
  return { ...first, values };
}

/** Numbers, or lists of numbers, one list per frame. */
export function flat(values) {
  const all = Array.isArray(values) ? values.flat() : [];
  if (!all.length || !all.every((value) => Number.isFinite(value)))
    throw new UsageError('"values" is not a list of frames, with a number for each channel');
  return Float64Array.from(all);
}

function readInline({ values, channels }) {
  const width = Array.isArray(values?.[0]) ? values[0].length : 1;
  const names = channels ?? Array(width).fill('');
  if (!Array.isArray(names) || !names.length || !names.every((name) => typeof name === 'string'))
    throw new UsageError('"channels" is not a list of names');
  if (values && (names.length !== width || values.some((v) => [v].flat().length !== width)))
    throw new UsageError(`"values" does not have ${names.length} numbers in each frame`);
  return { ...plain(names.length), names, values: values ? flat(values) : new Float64Array(0) };
}

function namesFor({ names }, channels) {
  if (!Array.isArray(channels) || channels.length !== names.length)
    throw new UsageError(`"channels" does not name ${names.length} channels`);
  return channels.map(String);
}

const KEYS = ['file', 'values', 'channels', 'rate', 'loop', 'waits'];

/**
 * A signal as it is described to the emulator; see README.md.
 * @param folder what file names are relative to
 */
export function readSignal(description, folder) {
  if (description === null || typeof description !== 'object')
    throw new UsageError('"signal" is not an object');
  const odd = Object.keys(description).find((key) => !KEYS.includes(key));
  if (odd) throw new UsageError(`"signal" has no key "${odd}"; it has ${KEYS.join(', ')}`);
  const { file, loop, waits } = description;
  const files = [file ?? []].flat().map((name) => path.resolve(folder, String(name)));
  const found = files.length ? joined(files.map(readFile), files) : readInline(description);
  if (files.length && description.channels) found.names = namesFor(found, description.channels);
  const rate = description.rate ?? found.rate;
  if (!(rate > 0 && Number.isFinite(rate)))
    throw new UsageError('"signal" has no "rate", in samples per second');
  return new Signal({ ...found, rate, loop: loop === true, waits: waits === true });
}
