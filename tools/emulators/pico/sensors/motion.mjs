// What a motion sensor feels: a signal's channels as acceleration in g and rotation in degrees per
// second.

const PLACES = ['accel x', 'accel y', 'accel z', 'gyro x', 'gyro y', 'gyro z'];
const AT_REST = [0, 0, 1, 0, 0, 0];

/** What a unit is in g or in degrees per second. */
const UNITS = {
  g: 1, mg: 1e-3, 'm/s^2': 1 / 9.80665, 'm/s2': 1 / 9.80665, 'm/s²': 1 / 9.80665,
  'deg/s': 1, dps: 1, '°/s': 1, 'rad/s': 180 / Math.PI, '': 1,
}; // prettier-ignore

/** `accel x (g)` -> its place and its unit. */
function split(name) {
  const match = /^(.*?)(?: *\(([^)]*)\))?$/.exec(name);
  return { place: match[1].trim().toLowerCase(), unit: match[2] ?? '' };
}

/** What keeps a signal from being played, or null. Without names, the order is that of PLACES. */
export function refuseMotion({ names }) {
  if (names.every((name) => name === '')) {
    return [3, 6].includes(names.length)
      ? null
      : `it has ${names.length} channels, not 3 (accel) or 6 (accel, gyro)`;
  }
  const odd = names.find((name) => {
    const { place, unit } = split(name);
    return !PLACES.includes(place) || !(unit in UNITS);
  });
  return odd === undefined ? null : `it has a channel "${odd}", and such as "accel x (g)" fit`;
}

/**
 * (nanos, first) -> three values from `first` on, 0 for acceleration, 3 for rotation.
 * What the signal does not have, or before it begins, is at rest with z upwards.
 */
export function motionOf(signal) {
  const sources = PLACES.map((place, i) => {
    if (!signal) return null;
    const named = signal.names.findIndex((name) => split(name).place === place);
    const channel = named < 0 && signal.names[0] === '' && i < signal.channels ? i : named;
    if (channel < 0) return null;
    return { channel, factor: signal.scales[channel] * UNITS[split(signal.names[channel]).unit] };
  });
  return (nanos, first) => {
    const frame = signal ? signal.at(nanos) : -1;
    return [0, 1, 2].map((i) => {
      const source = sources[first + i];
      if (frame < 0 || !source) return AT_REST[first + i];
      return signal.values[frame + source.channel] * source.factor;
    });
  };
}
