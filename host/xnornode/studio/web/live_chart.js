// One time axis: the signal, the class of each window, its confidence, and events.

import { classIndex, css, onTheme } from "/web/colours.js";
import { patternOf } from "/web/live_pattern.js";
import { Clocks } from "/web/live_clock.js";
import { h } from "/web/dom.js";
import { samplesOf } from "/web/net.js";
import { nameAndUnit } from "/web/signal.js";

const KEPT = 62000; // milliseconds
const MOST_POINTS = 240000; // of all channels
const MOST_PREDICTIONS = 6000;
const LANE = 120, BAND = 26, LINE = 56, AXIS = 20, GAP = 8; // pixels
const LAG = 150; // milliseconds between now and the right end: a line of samples is of 100 ms
const HOPS = 9; // of which the middle one is the usual time from one prediction to the next
const STILL = 250; // milliseconds from one picture to the next, where less motion is wanted
const SHARE = 3; // drawing takes at most one in so many milliseconds, also on a slow computer
const NANO = 1e9;
const LONGEST = 40; // letters of a name in the picture
const MOST_LANES = 4; // beyond that all channels share one
const MOST_CLASSES = 64; // with a colour of their own

const coloured = new Set();
/** The number of a class's colour, 0 to 7; -1 for `unknown`, and where a node has too many. */
export function colourOf(name) {
  if (name === "unknown" || (!coloured.has(name) && coloured.size >= MOST_CLASSES)) return -1;
  coloured.add(name);
  return classIndex(name);
}

export class LiveChart {
  /** seconds: of the axis. onChoose(prediction or null): one was chosen. */
  constructor(element, { seconds = 10, onChoose = () => {} } = {}) {
    this.seconds = seconds;
    this.onChoose = onChoose;
    this.clocks = new Clocks();
    this.blocks = [];
    this.points = 0;
    this.predictions = [];
    this.hops = [];
    this.events = [];
    this.channels = [];
    this.lanes = [];
    this.chosen = null; // a prediction
    this.held = null; // the time at the right end, while it stands still
    this.keep = 2; // seconds that would be kept as a recording
    this.marked = false; // whether these are drawn
    this.canvas = h("canvas", { class: "signal live-chart", tabindex: "0", role: "img",
      "aria-label": "signal and predictions", "data-keys": "← →=choose a prediction, with the chart in focus" });
    this.legend = h("ul", { class: "legend" });
    element.append(this.canvas, this.legend);
    this.canvas.addEventListener("pointerdown", (event) => this.point(event));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.offTheme = onTheme(() => { this.colours = null; this.dirty = true; });
    this.resized = new ResizeObserver(() => { this.dirty = true; });
    this.resized.observe(this.canvas);
    this.seen = true;
    this.sight = new IntersectionObserver((entries) => { this.seen = entries[entries.length - 1].isIntersecting; });
    this.sight.observe(this.canvas);
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.ended = false;
    this.dirty = true;
    this.drawn = this.cost = 0;
    const frame = (time) => {
      if (this.ended) return;
      const pause = Math.max(this.calm.matches ? STILL : 0, SHARE * this.cost - 4);
      if (this.seen && (this.dirty || (time - this.drawn >= pause && this.moves()))) {
        const began = performance.now();
        this.drawn = time;
        this.dirty = false;
        this.draw();
        this.cost += 0.1 * (performance.now() - began - this.cost);
      }
      requestAnimationFrame(frame);
    };
    this.size();
    requestAnimationFrame(frame);
  }

  end() {
    this.ended = true;
    this.offTheme();
    this.resized.disconnect();
    this.sight.disconnect();
  }

  /** Whether the next picture is another one. */
  moves() {
    if (this.held !== null) return false;
    const last = Math.max(this.blocks.at(-1)?.time ?? 0, 1000 * (this.predictions.at(-1)?.time ?? 0));
    return this.clocks.now() - last < 1000 * (this.seconds + 2);
  }

  size() {
    this.dirty = true;
    const lanes = Math.max(1, this.lanes.length);
    this.canvas.style.height = `${lanes * (LANE + GAP) + BAND + GAP + LINE + AXIS}px`;
  }

  /** A message of the topic `live`. */
  block(message) {
    const { stream, channels, scales, rate, ms, time } = message;
    if (channels.join("\n") !== this.channels.join("\n")) this.sensor(channels);
    this.clocks.heard(time);
    this.clocks.block(stream, ms, time);
    const rows = samplesOf(message), width = channels.length, count = Math.floor(rows.length / width);
    const step = Math.ceil((rate * width * KEPT) / 1000 / MOST_POINTS);
    const values = channels.map((_, c) => thinned(rows, c, width, count, scales[c] ? scales[c] / NANO : 1, step));
    const last = this.blocks[this.blocks.length - 1];
    const block = { stream, ms, taken: message.taken, rate, count, values, time: 1000 * time,
      broken: message.broken || !last || last.stream !== stream, ranges: values.map(range) };
    this.blocks.push(block);
    while (this.blocks[0].time < block.time - KEPT) this.blocks.shift();
  }

  /** Another sensor: what was drawn of the one before goes. */
  sensor(channels) {
    this.channels = channels;
    this.blocks = [];
    const units = channels.map((name) => nameAndUnit(name)[1].slice(0, LONGEST));
    const lanes = [...new Set(units)];
    const shared = lanes.length > MOST_LANES;
    this.lanes = (shared ? [""] : lanes).map((unit) => ({ unit, low: Infinity, high: -Infinity,
      channels: channels.flatMap((_, c) => (shared || units[c] === unit ? [c] : [])) }));
    this.legend.replaceChildren(...channels.map((name, c) =>
      h("li", {}, h("span", { class: `swatch c${(c % 8) + 1}` }), name.slice(0, 2 * LONGEST))));
    this.size();
  }

  /** A prediction of the node, as the topic `prediction` has it. */
  prediction(p) {
    this.clocks.heard(p.time);
    const entry = { ...p, name: p.answer ?? p.label, run: this.clocks.prediction(p.ms, p.time) };
    const last = this.predictions[this.predictions.length - 1];
    if (last?.run === entry.run && !p.lost) this.hops = [...this.hops, p.ms - last.ms].slice(-HOPS);
    this.predictions.push(entry);
    if (this.predictions.length > MOST_PREDICTIONS) this.predictions.shift();
    while (this.predictions[0].time < p.time - KEPT / 1000) this.predictions.shift();
    if (this.chosen && this.predictions[0].time > this.chosen.time) this.choose(null);
    return entry;
  }

  /** The node has found a class: a marker. */
  event(e) {
    this.events.push({ ...e, run: this.clocks.run });
    if (this.events.length > 500) this.events.shift();
  }

  /** Where a prediction is in the samples: what `until` of /api/live/keep is; null if unknown. */
  place(entry) {
    const at = this.clocks.ofPrediction(entry.run, entry.ms);
    let found = null;
    for (const block of this.blocks) {
      const end = this.clocks.ofBlock(block.stream, block.ms);
      if (end >= at) {
        const back = Math.round(((end - at) * block.rate) / 1000);
        if (back < block.count) return { stream: block.stream, until: block.taken - back };
        return found;
      }
      found = { stream: block.stream, until: block.taken };
    }
    return found;
  }

  choose(entry) {
    this.chosen = entry;
    this.dirty = true;
    this.onChoose(entry);
  }

  /** Have the picture stand still, or go on. */
  hold(on) {
    this.held = on ? this.clocks.now() - LAG : null;
    this.dirty = true;
  }

  get right() { return this.held ?? this.clocks.now() - LAG; }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    const at = this.right - (1 - (event.clientX - box.left) / box.width) * 1000 * this.seconds;
    let best = null;
    for (const p of this.predictions) { // the window in which that moment is ends behind it
      if (this.clocks.ofPrediction(p.run, p.ms) >= at - 20) { best = p; break; }
    }
    this.choose(best);
  }

  key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") this.choose(null);
    if (!step || !this.predictions.length) return;
    event.preventDefault();
    const at = this.chosen ? this.predictions.indexOf(this.chosen) : this.predictions.length;
    this.choose(this.predictions[Math.max(0, Math.min(this.predictions.length - 1, at + step))]);
  }

  theme() {
    const names = ["text", "muted", "line", "accent", "on-accent", "soft", "warn", "surface"];
    this.colours = Object.fromEntries(names.map((name) => [name, css(`--${name}`)]));
    this.colours.c = [1, 2, 3, 4, 5, 6, 7, 8].map((i) => css(`--c${i}`));
  }

  draw() {
    const { canvas } = this;
    const ratio = devicePixelRatio || 1;
    const w = canvas.clientWidth, height = canvas.clientHeight;
    if (!w || !height) return;
    if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(w * ratio);
      canvas.height = Math.round(height * ratio);
    }
    if (!this.colours) this.theme();
    const g = canvas.getContext("2d");
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, w, height);
    g.font = "12px system-ui, sans-serif";
    g.textBaseline = "middle";
    const right = this.right, left = right - 1000 * this.seconds;
    const x = (time) => ((time - left) / (right - left)) * w;
    const lanes = Math.max(1, this.lanes.length), band = lanes * (LANE + GAP);
    this.shade(g, x, right, band + BAND);
    this.lanes.forEach((lane, i) => this.lane(g, x, lane, i * (LANE + GAP), w, left, right));
    if (!this.blocks.length) this.say(g, "no signal", w / 2, LANE / 2, "center");
    const shown = this.windows(x, w);
    this.band(g, shown, band);
    this.confidence(g, shown, band + BAND + GAP, w);
    this.marks(g, x, band);
    this.axis(g, x, left, right, height, w);
  }

  say(g, text, x, y, align = "left", colour = this.colours.muted) {
    g.fillStyle = colour;
    g.textAlign = align;
    g.fillText(text, x, y);
  }

  /** What would be kept as a recording. */
  shade(g, x, right, bottom) {
    if (!this.marked && !this.chosen) return;
    const end = this.chosen ? this.clocks.ofPrediction(this.chosen.run, this.chosen.ms) : right;
    const from = x(end - 1000 * this.keep), to = x(end);
    g.fillStyle = this.colours.soft;
    g.fillRect(from, 0, to - from, bottom);
    g.strokeStyle = this.colours.accent;
    g.lineWidth = 1;
    g.strokeRect(from + 0.5, 0.5, to - from - 1, bottom - 1);
  }

  lane(g, x, lane, top, w, left, right) {
    let low = Infinity, high = -Infinity;
    const seen = this.blocks.map((block) => ({ block, end: this.clocks.ofBlock(block.stream, block.ms) }))
      .filter(({ block, end }) => end > left && end - (1000 * block.count) / block.rate < right);
    for (const { block } of seen) for (const c of lane.channels) {
      if (block.ranges[c][0] < low) low = block.ranges[c][0];
      if (block.ranges[c][1] > high) high = block.ranges[c][1];
    }
    if (!(high >= low)) { low = -1; high = 1; }
    const pad = Math.max(1e-9, 0.08 * (high - low));
    const fits = lane.low <= low && lane.high >= high && high - low > 0.6 * (lane.high - lane.low - 2 * pad);
    if (!fits) { lane.low = low - pad; lane.high = high + pad; } // the scale stands still where it can
    const y = (v) => top + LANE - ((v - lane.low) / (lane.high - lane.low)) * LANE;
    g.strokeStyle = this.colours.line;
    g.lineWidth = 1;
    if (lane.low < 0 && lane.high > 0) { g.beginPath(); g.moveTo(0, y(0)); g.lineTo(w, y(0)); g.stroke(); }
    for (const c of lane.channels) {
      g.strokeStyle = this.colours.c[c % 8];
      g.lineWidth = 1.4;
      g.beginPath();
      let pen = false, column = NaN, least = 0, most = 0;
      const put = (at, v) => { if (pen) g.lineTo(at, y(v)); else g.moveTo(at, y(v)); pen = true; };
      const flush = () => { if (!Number.isNaN(column)) { put(column, least); put(column, most); } column = NaN; };
      for (const { block, end } of seen) {
        const values = block.values[c], step = (1000 * block.count) / block.rate / values.length;
        if (block.broken) { flush(); pen = false; } // a gap is seen as one
        const dense = step < (0.5 * (right - left)) / w; // several on a pixel: the range of each column
        for (let i = 0; i < values.length; i++) {
          const at = x(end - (values.length - 1 - i) * step), v = values[i];
          if (!dense) { put(at, v); continue; }
          const here = Math.floor(at);
          if (here !== column) { flush(); column = here; least = most = v; } else if (v < least) least = v; else if (v > most) most = v;
        }
      }
      flush();
      g.stroke();
    }
    for (const { block, end } of seen) {
      if (!block.broken) continue;
      const at = x(end - (1000 * block.count) / block.rate);
      g.strokeStyle = this.colours.warn;
      g.setLineDash([3, 3]);
      g.beginPath(); g.moveTo(at, top); g.lineTo(at, top + LANE); g.stroke();
      g.setLineDash([]);
    }
    if (!seen.length) return;
    this.say(g, `${(lane.high - pad).toPrecision(3)} ${lane.unit}`, 4, top + 8);
    this.say(g, (lane.low + pad).toPrecision(3), 4, top + LANE - 8);
  }

  /** Predictions that are seen, each from the one before it to its own time. */
  windows(x, w) {
    const shown = [];
    const usual = [...this.hops].sort((a, b) => a - b)[this.hops.length >> 1] ?? 500;
    let before = -Infinity;
    for (const p of this.predictions) {
      const end = this.clocks.ofPrediction(p.run, p.ms), since = end - before;
      const a = x(end - (since > 0 && since < 1.6 * usual ? since : usual)), b = x(end);
      before = end;
      if (b < 0 || a > w) continue;
      const last = shown[shown.length - 1];
      if (last && last.name === p.name && a - last.b < 1.5) { last.b = b; last.points.push([b, p.confidence]); } else
        shown.push({ name: p.name, a, b, points: [[b, p.confidence]] });
    }
    return shown;
  }

  band(g, shown, top) {
    for (const { name, a, b } of shown) {
      g.fillStyle = patternOf(g, colourOf(name), this.colours);
      g.fillRect(a, top, Math.max(1, b - a - 1), BAND);
      g.fillStyle = this.colours.line;
      g.fillRect(b - 1, top, 1, BAND);
      const from = Math.max(a, 0), room = b - from - 10;
      if (room < 12) continue;
      const whole = name.slice(0, LONGEST);
      let text = whole;
      while (text && g.measureText(text).width > room) text = text.slice(0, -1);
      const written = text === whole ? text : text && `${text.slice(0, -1)}…`;
      g.fillStyle = this.colours.surface; // the name is read on a plain ground
      g.fillRect(from + 2, top + 4, g.measureText(written).width + 6, BAND - 8);
      this.say(g, written, from + 5, top + BAND / 2 + 1, "left", this.colours.text);
    }
  }

  confidence(g, shown, top, w) {
    g.strokeStyle = this.colours.line;
    g.lineWidth = 1;
    g.strokeRect(0.5, top + 0.5, w - 1, LINE - 1);
    const known = shown.some(({ points }) => points.some(([, c]) => c !== null));
    this.say(g, known ? "confidence, 0 to 100 %" : shown.length ? "this model gives no confidence" : "", 4, top + LINE - 9);
    if (!known) return;
    g.strokeStyle = this.colours.text;
    g.lineWidth = 1.5;
    g.beginPath();
    let pen = false, last = -Infinity;
    for (const { a, b, points } of shown) {
      pen = pen && a - last < 1.5; // no line over a time without windows
      last = b;
      for (const [at, c] of points) {
        const y = top + LINE - 2 - c * (LINE - 4);
        if (c !== null) { if (pen) g.lineTo(at, y); else g.moveTo(at, y); }
        pen = c !== null;
      }
    }
    g.stroke();
  }

  marks(g, x, bottom) {
    for (const e of this.events) {
      const at = x(this.clocks.ofPrediction(e.run, e.ms));
      if (!(at > -200 && at < this.canvas.clientWidth + 1)) continue;
      g.strokeStyle = g.fillStyle = this.colours.text;
      g.lineWidth = 1;
      g.beginPath(); g.moveTo(at, 14); g.lineTo(at, bottom); g.stroke();
      g.beginPath(); g.moveTo(at - 5, 4); g.lineTo(at + 5, 4); g.lineTo(at, 14); g.fill();
      const text = e.label.slice(0, LONGEST), wide = g.measureText(text).width;
      g.fillStyle = this.colours.surface;
      g.fillRect(at + 6, 1, wide + 6, 16);
      this.say(g, text, at + 9, 10, "left", this.colours.text);
    }
  }

  axis(g, x, left, right, height, w) {
    const step = this.seconds > 30 ? 10 : this.seconds > 12 ? 5 : this.seconds > 5 && w < 500 ? 2 : 1;
    for (let s = 0; s <= this.seconds; s += step) {
      const at = x(right - 1000 * s);
      const text = s ? `−${s} s` : this.held ? "held" : "now";
      this.say(g, text, s ? Math.max(at, 20) : w - 3, height - 8, s ? "center" : "right");
    }
  }
}

/** The least and the largest value. */
function range(values) {
  let low = Infinity, high = -Infinity;
  for (const v of values) { if (v < low) low = v; if (v > high) high = v; }
  return [low, high];
}

/** A channel in units; where `step` is above 1, least and largest of each `step` samples. */
function thinned(rows, c, width, count, scale, step) {
  if (step <= 1) return Float32Array.from({ length: count }, (_, i) => rows[i * width + c] * scale);
  const found = [];
  for (let i = 0; i < count; i += step) {
    let low = Infinity, high = -Infinity;
    for (let k = i; k < Math.min(count, i + step); k++) {
      const v = rows[k * width + c] * scale;
      if (v < low) low = v;
      if (v > high) high = v;
    }
    found.push(low, high);
  }
  return Float32Array.from(found);
}
