// One time axis: the signal, the class of each window, its confidence, and events.

import { onTheme } from "/web/colours.js";
import { Clocks } from "/web/live_clock.js";
import { h } from "/web/dom.js";
import { AXIS, BAND, GAP, LANE, LINE, LONGEST, Picture } from "/web/live_picture.js";
import { samplesOf } from "/web/net.js";
import { nameAndUnit } from "/web/signal.js";

const KEPT = 62000; // milliseconds
const MOST_POINTS = 240000; // of all channels
const MOST_PREDICTIONS = 6000;
const LAG = 150; // milliseconds between now and the right end: a line of samples is of 100 ms
const HOPS = 9; // of which the middle one is the usual time from one prediction to the next
const STILL = 250; // milliseconds from one picture to the next, where less motion is wanted
const SHARE = 3; // drawing takes at most one in so many milliseconds, also on a slow computer
const NANO = 1e9;
const MOST_LANES = 4; // beyond that all channels share one

export class LiveChart extends Picture {
  /** seconds: of the axis. onChoose(prediction or null): one was chosen. */
  constructor(element, { seconds = 10, onChoose = () => {} } = {}) {
    super();
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
