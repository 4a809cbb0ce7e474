// The boot ROM's floating-point functions, single and double, in the order of its two tables.
// Source: RP2040 datasheet, section 2.8.3.2. As there: results are rounded to nearest even;
// subnormal numbers count as zero, on the way in and out; NaN counts as infinity; conversions to
// integers round towards minus infinity and saturate. (The Pico SDK adds NaNs around this.)

// Average cycles per call, by the datasheet's magnitude; the emulator charges no more exactly.
const ARITHMETIC = 72;
const SQUARE_ROOT = 65;
const CONVERSION = 40;
const COMPARE = 40;
const TRANSCENDENTAL = 580;

const scratch = new DataView(new ArrayBuffer(8));
const SINGLE_MIN = 2 ** -126;
const DOUBLE_MIN = 2 ** -1022;

/** How a number lies in core registers: `words` registers, least significant first. */
const single = {
  words: 1,
  least: SINGLE_MIN,
  get(r, i) {
    scratch.setInt32(0, r[i], true);
    return scratch.getFloat32(0, true);
  },
  set(r, i, value) {
    scratch.setFloat32(0, value, true);
    r[i] = scratch.getInt32(0, true);
  },
};

const double = {
  words: 2,
  least: DOUBLE_MIN,
  get(r, i) {
    scratch.setInt32(0, r[i], true);
    scratch.setInt32(4, r[i + 1], true);
    return scratch.getFloat64(0, true);
  },
  set(r, i, value) {
    scratch.setFloat64(0, value, true);
    r[i] = scratch.getInt32(0, true);
    r[i + 1] = scratch.getInt32(4, true);
  },
};

/** A register's number as the ROM sees it. */
function read(format, r, i) {
  const value = format.get(r, i);
  if (Number.isNaN(value)) return r[i + format.words - 1] < 0 ? -Infinity : Infinity;
  return Math.abs(value) < format.least ? (signOf(value) < 0 ? -0 : 0) : value;
}

/** Stores a result; `sign` is that of the infinity which stands for an invalid operation. */
function write(format, r, i, value, sign = 1) {
  if (Number.isNaN(value)) value = sign * Infinity;
  // The test is on the rounded number: what rounds up to the least normal one stays
  const rounded = format === single ? Math.fround(value) : value;
  if (Math.abs(rounded) < format.least) value = signOf(value) < 0 ? -0 : 0;
  format.set(r, i, value);
}

const signOf = (value) => (value < 0 || Object.is(value, -0) ? -1 : 1);

/** Integer part towards minus infinity of value * 2**shift, as a saturated BigInt. */
function toInteger(value, shift, low, high) {
  if (value === Infinity) return high;
  if (value === -Infinity) return low;
  const scaled = value * 2 ** shift;
  if (scaled >= Number(high)) return high;
  if (scaled <= Number(low)) return low;
  return BigInt(Math.floor(scaled));
}

/** A 64-bit integer, scaled by 2**-shift and rounded once, to the precision of the format. */
function fromInteger(format, integer, shift) {
  if (format === single) {
    // Number(BigInt) would round to 53 bits first; keep what was cut off as a sticky bit
    const magnitude = integer < 0n ? -integer : integer;
    const extra = BigInt(Math.max(magnitude.toString(2).length - 30, 0));
    const sticky = (magnitude & ((1n << extra) - 1n)) !== 0n ? 1n : 0n;
    const reduced = Number((magnitude >> extra) * 2n + sticky);
    return (integer < 0n ? -1 : 1) * Math.fround(reduced) * 2 ** (Number(extra) - 1 - shift);
  }
  return Number(integer) * 2 ** -shift;
}

function setInteger(r, words, value) {
  r[0] = Number(BigInt.asIntN(32, value));
  if (words === 2) r[1] = Number(BigInt.asIntN(32, value >> 32n));
}

function getInteger(r, words, signed) {
  const low = BigInt(r[0] >>> 0);
  if (words === 1) return signed ? BigInt(r[0] | 0) : low;
  return (BigInt(signed ? r[1] | 0 : r[1] >>> 0) << 32n) | low;
}

/** The 32 functions for one format. Each takes the registers and returns the cycles to charge. */
function table(format, other) {
  const { words } = format;
  const binary = (operation, sign) => (r) => {
    const x = read(format, r, 0);
    const y = read(format, r, words);
    write(format, r, 0, operation(x, y), sign(x, y));
    return ARITHMETIC;
  };
  const unary = (operation, cycles) => (r) => {
    const x = read(format, r, 0);
    write(format, r, 0, operation(x), signOf(x));
    return cycles;
  };
  /** Sine and cosine together: version 3 of the ROM returns the other one as well. */
  const pair = (first, second) => (r) => {
    const x = read(format, r, 0);
    write(format, r, 0, first(x));
    write(format, r, words, second(x));
    return TRANSCENDENTAL;
  };
  const compare = (r) => {
    const x = read(format, r, 0);
    const y = read(format, r, words);
    r[0] = x < y ? -1 : x > y ? 1 : 0;
    return COMPARE;
  };
  const convertTo = (size, signed, fixed) => (r) => {
    const high = (1n << BigInt(size * 32 - (signed ? 1 : 0))) - 1n;
    const low = signed ? -high - 1n : 0n;
    setInteger(r, size, toInteger(read(format, r, 0), fixed ? r[words] : 0, low, high));
    return CONVERSION;
  };
  const convertFrom = (size, signed, fixed) => (r) => {
    const shift = fixed ? r[size] : 0;
    write(format, r, 0, fromInteger(format, getInteger(r, size, signed), shift));
    return CONVERSION;
  };
  const first = (x) => signOf(x);
  const product = (x, y) => signOf(x) * signOf(y);
  return [
    binary((x, y) => x + y, first), // 0x00
    binary((x, y) => x - y, first),
    binary((x, y) => x * y, product),
    binary((x, y) => x / y, product),
    null, // 0x10, 0x14: retired
    null,
    unary((x) => (x < 0 ? -Infinity : Math.sqrt(x)), SQUARE_ROOT), // 0x18
    convertTo(1, true, false), // 0x1c: to int, fix, uint, ufix
    convertTo(1, true, true),
    convertTo(1, false, false),
    convertTo(1, false, true),
    convertFrom(1, true, false), // 0x2c: from int, fix, uint, ufix
    convertFrom(1, true, true),
    convertFrom(1, false, false),
    convertFrom(1, false, true),
    pair(Math.cos, Math.sin), // 0x3c
    pair(Math.sin, Math.cos),
    unary(Math.tan, TRANSCENDENTAL),
    null, // 0x48: retired
    unary(Math.exp, TRANSCENDENTAL),
    unary((x) => (x < 0 ? -Infinity : Math.log(x)), TRANSCENDENTAL), // 0x50
    compare,
    binary(Math.atan2, first),
    convertFrom(2, true, false), // 0x5c: from 64-bit int, fix, uint, ufix
    convertFrom(2, true, true),
    convertFrom(2, false, false),
    convertFrom(2, false, true),
    convertTo(2, true, false), // 0x6c: to 64-bit int, fix, uint, ufix
    convertTo(2, true, true),
    convertTo(2, false, false),
    convertTo(2, false, true),
    (r) => {
      write(other, r, 0, read(format, r, 0)); // 0x7c: to the other format
      return CONVERSION;
    },
  ];
}

export const singleTable = table(single, double);
export const doubleTable = table(double, single);
