// A recording drawn on a canvas: small in a list, or large with axes and a range.

import { channelColour, css } from "/web/colours.js";
import { nameAndUnit } from "/web/signal.js";

const MOST_LINES = 12; // channels of a small picture
export const LEFT = 56, BOTTOM = 24, TOP = 6, RIGHT = 8; // of a large chart, in pixels
const GAP = 10; // between the charts of two units

/** Numbers as a person writes them: 4 digits at most. */
export const short = (v) => (v === 0 ? "0" : Math.abs(v) >= 1e5 || Math.abs(v) < 1e-3 ? v.toExponential(1) : String(Number(v.toPrecision(4))));

/** Set a canvas to its size on the screen; gives its context in CSS pixels. */
export function prepare(canvas, width, height) {
  const ratio = Math.min(devicePixelRatio || 1, 2);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const c = canvas.getContext("2d");
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  return c;
}

function limits(signal, shown) {
  let low = Infinity, high = -Infinity;
  signal.low.forEach((values, k) => {
    if (!shown(k)) return;
    for (const v of values) if (v < low) low = v;
    for (const v of signal.high[k] || values) if (v > high) high = v;
  });
  if (!(low <= high)) [low, high] = [-1, 1];
  const span = high - low || Math.abs(high) || 1;
  return [low - span * 0.04, high + span * 0.04];
}

/** The channels that are drawn, by unit: g and deg/s have no axis in common. */
function byUnit(signal, shown) {
  const found = new Map();
  signal.low.forEach((_, k) => {
    if (!shown(k)) return;
    const unit = nameAndUnit(signal.channels[k])[1];
    if (!found.has(unit)) found.set(unit, new Set());
    found.get(unit).add(k);
  });
  return found.size ? [...found] : [["", new Set()]];
}

function line(c, low, high, x, y, colour) {
  c.strokeStyle = colour;
  c.beginPath();
  low.forEach((v, i) => {
    c.lineTo(x(i), y(v));
    if (high && high[i] !== v) c.lineTo(x(i), y(high[i]));
  });
  if (low.length === 1) c.lineTo(x(0) + 2, y(low[0]));
  c.stroke();
}

/** A small picture of all channels. */
export function drawSmall(canvas, signal, colour) {
  const width = canvas.clientWidth || 160, height = canvas.clientHeight || 64;
  const c = prepare(canvas, width, height);
  const count = signal.low[0]?.length || 1;
  const x = (i) => (width * (i + 0.5)) / count;
  c.lineWidth = 1;
  c.lineJoin = "round";
  const panels = byUnit(signal, (k) => k < MOST_LINES), tall = height / panels.length;
  panels.forEach(([, channels], panel) => {
    const [least, most] = limits(signal, (k) => channels.has(k));
    const y = (v) => tall * (panel + 1) - (tall * (v - least)) / (most - least);
    for (const k of channels) line(c, signal.low[k], signal.high[k], x, y, signal.low.length === 1 ? colour : channelColour(k));
  });
}

/** Round steps for an axis of about `count` marks. */
export function ticks(low, high, count) {
  const rough = (high - low) / Math.max(1, count), power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough) || rough;
  const found = [];
  for (let v = Math.ceil(low / step) * step; v <= high + step * 1e-6; v += step) found.push(Math.abs(v) < step * 1e-6 ? 0 : v);
  return found;
}

/**
 * A large chart. range: [first, last] in samples, what is outside is dimmed; shown(k): whether
 * channel k is drawn. Gives {at(x): the sample there, x(sample): its place} in CSS pixels.
 */
export function drawLarge(canvas, signal, { range = null, shown = () => true } = {}) {
  const width = canvas.clientWidth || 320, height = canvas.clientHeight || 260;
  const c = prepare(canvas, width, height);
  const wide = width - LEFT - RIGHT, tall = height - TOP - BOTTOM;
  const { first, last, step } = signal, span = Math.max(1, last - first);
  const place = (sample) => LEFT + (wide * (sample - first)) / span;
  const x = (i) => place(Math.min(last, first + (i + 0.5) * step));
  c.font = "12px system-ui, sans-serif";
  c.fillStyle = css("--muted");
  c.strokeStyle = css("--line");
  c.lineWidth = 1;
  c.textBaseline = "middle";
  c.textAlign = "right";
  const units = byUnit(signal, shown), each = (tall - GAP * (units.length - 1)) / units.length;
  const panels = units.map(([name, channels], panel) => {
    const [least, most] = limits(signal, (k) => channels.has(k)), top = TOP + panel * (each + GAP);
    return { name, channels, least, most, top, y: (v) => top + each - (each * (v - least)) / (most - least) };
  });
  for (const { name, least, most, top, y } of panels) {
    for (const v of ticks(least, most, each / 45)) {
      c.beginPath(); c.moveTo(LEFT, y(v)); c.lineTo(width - RIGHT, y(v)); c.stroke();
      c.fillText(short(Number(v.toPrecision(6))), LEFT - 6, y(v));
    }
    if (panels.length > 1) c.fillText(name, width - RIGHT - 4, top + 9);
  }
  c.textBaseline = "alphabetic";
  c.textAlign = "center";
  const unit = signal.rate ? 1 / signal.rate : 1;
  const marks = ticks(first * unit, last * unit, wide / 90);
  marks.forEach((t, i) => {
    const at = place(t / unit);
    c.beginPath(); c.moveTo(at, TOP); c.lineTo(at, TOP + tall); c.stroke();
    const text = short(Number(t.toPrecision(6)));
    const named = signal.rate && i === marks.length - (place(marks[marks.length - 1] / unit) > width - 26 ? 2 : 1);
    if (at <= width - 26 || marks.length === 1) c.fillText(named ? `${text} s` : text, at, height - 7);
  });
  c.save();
  c.beginPath(); c.rect(LEFT, TOP, wide, tall); c.clip();
  c.lineWidth = 1.4;
  c.lineJoin = "round";
  for (const { channels, y } of panels) for (const k of channels) line(c, signal.low[k], signal.high[k], x, y, channelColour(k));
  c.setLineDash([4, 3]);
  c.strokeStyle = css("--warn");
  for (const at of signal.breaks) { c.beginPath(); c.moveTo(place(at), TOP); c.lineTo(place(at), TOP + tall); c.stroke(); }
  c.setLineDash([]);
  if (range) {
    c.globalAlpha = 0.72;
    c.fillStyle = css("--bg");
    c.fillRect(LEFT, TOP, Math.max(0, place(range[0]) - LEFT), tall);
    c.fillRect(place(range[1]), TOP, Math.max(0, LEFT + wide - place(range[1])), tall);
    c.globalAlpha = 1;
  }
  c.restore();
  return { at: (px) => Math.round(Math.min(last, Math.max(first, first + (span * (px - LEFT)) / wide))), x: place };
}
