// The picture of the page Live: lanes of the signal, classes, confidence, events, and the axis.

import { classIndex, css } from "/web/colours.js";

export const LANE = 120, BAND = 26, LINE = 56, AXIS = 20, GAP = 8; // pixels
export const LONGEST = 40; // letters of a name in the picture
const MOST_CLASSES = 64; // with a colour of their own

const coloured = new Set();
/** The number of a class's colour, 0 to 7; -1 for `unknown`, and where a node has too many. */
export function colourOf(name) {
  if (name === "unknown" || (!coloured.has(name) && coloured.size >= MOST_CLASSES)) return -1;
  coloured.add(name);
  return classIndex(name);
}

/** Draws what the chart, which is made of it, keeps. */
export class Picture {
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
      g.fillStyle = this.colours.c[colourOf(name)] ?? this.colours.muted;
      g.fillRect(a, top, Math.max(1, b - a - 1), BAND);
      const from = Math.max(a, 0), room = b - from - 10;
      if (room < 12) continue;
      const whole = name.slice(0, LONGEST);
      let text = whole;
      while (text && g.measureText(text).width > room) text = text.slice(0, -1);
      this.say(g, text === whole ? text : text && `${text.slice(0, -1)}…`, from + 5, top + BAND / 2 + 1, "left", this.colours["on-accent"]);
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
