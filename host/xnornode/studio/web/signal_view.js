// The live signal of the node's sensor: a chart per unit, rate, losses, clipping; sound as sound.

import { h, clear } from "/web/dom.js";
import { samplesOf } from "/web/net.js";
import { Pacer } from "/web/pacer.js";
import { SignalChart, nameAndUnit } from "/web/signal.js";
import { Spectrogram } from "/web/spectrogram.js";

const SECONDS = 6;
const SOUND = 2000; // Hz from which one channel is shown as sound
const CLIPPED_FOR = 3000; // milliseconds for which a clipped value is said
const METER = 100; // lines of samples that the rate is measured over

/** Samples a second by the node's clock. */
class RateMeter {
  constructor() { this.points = []; }
  add(taken, ms) {
    const last = this.points[this.points.length - 1];
    if (last && (ms < last[0] || taken < last[1])) this.points = [];
    this.points.push([ms, taken]);
    if (this.points.length > METER) this.points.shift();
  }
  get rate() {
    const n = this.points.length;
    if (n < 3 || this.points[n - 1][0] - this.points[0][0] < 500) return 0;
    let x = 0, y = 0;
    for (const [ms, taken] of this.points) { x += ms / n; y += taken / n; }
    let xy = 0, xx = 0;
    for (const [ms, taken] of this.points) { xy += (ms - x) * (taken - y); xx += (ms - x) ** 2; }
    return xx ? (1000 * xy) / xx : 0;
  }
}

export class SignalView {
  /** ctx: the page's. What is shown begins with the first `signal` message. */
  constructor(element, ctx) {
    this.ctx = ctx;
    this.frames = [];
    this.fixed = false;
    this.place = h("div", { class: "stack" });
    this.facts = h("ul", { class: "legend", "aria-label": "what comes from the sensor" });
    element.append(this.place, this.facts);
    this.wait("Waiting for the node's samples.");
    this.off = ctx.subscribe(["signal"], (message) => this.take(message));
    const frame = (now) => { if (this.ended) return; this.frame(now); requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
  }

  wait(text) {
    this.drop();
    clear(this.place).append(h("p", { class: "empty" }, text));
    clear(this.facts);
  }

  drop() {
    for (const { chart } of this.charts || []) chart.end();
    this.spectrogram?.end();
    this.charts = this.spectrogram = this.pacer = null;
    this.key = "";
  }

  take(message) {
    if (message.ended) return this.wait("No samples come from the node.");
    const key = JSON.stringify([message.channels, message.scales, message.rate]);
    if (key !== this.key) this.build(message, key);
    const rows = samplesOf(message);
    const limit = this.ctx.state.sensor?.limit || 32767;
    let clipped = 0;
    for (let i = 0; i < rows.length; i++) if (Math.abs(rows[i]) >= limit) clipped++;
    if (clipped) { this.clipped += clipped; this.clippedAt = performance.now(); }
    this.lost += message.lost;
    this.meter.add(message.taken, message.ms);
    this.pacer.add(rows, message.broken ? Math.max(1, message.lost) : 0);
    this.spectrogram?.push(rows);
  }

  build({ channels, scales, rate, sensor }, key) {
    this.drop();
    clear(this.place);
    this.key = key;
    this.meter = new RateMeter();
    this.lost = this.clipped = this.clippedAt = this.told = 0;
    const units = new Map();
    channels.forEach((name, c) => {
      const unit = nameAndUnit(name)[1];
      units.set(unit, [...(units.get(unit) || []), c]);
    });
    const sound = channels.length === 1 && rate >= SOUND;
    const limit = this.ctx.state.sensor?.limit || 32767;
    this.charts = [...units.values()].map((which) => {
      const chart = new SignalChart(this.place, {
        channels: which.map((c) => channels[c]), scales: which.map((c) => scales[c]), rate, seconds: SECONDS,
        height: sound ? 120 : units.size > 1 ? 150 : 240,
      });
      const full = Math.max(...which.map((c) => (scales[c] ? scales[c] / 1e9 : 1) * limit));
      return { which, chart, full };
    });
    if (sound) this.spectrogram = new Spectrogram(this.place, { rate });
    const width = channels.length;
    this.pacer = new Pacer(rate, width, (rows, gap) => {
      for (const { which, chart } of this.charts) chart.push(which.length === width ? rows : columns(rows, width, which), gap);
    });
    this.rate = rate;
    this.outputs = Object.fromEntries(["rate", "lost", "clipped"].map((name) => [name, h("output", {})]));
    clear(this.facts).append(
      h("li", {}, `${sensor}, says ${rate} Hz`), h("li", {}, "measured ", this.outputs.rate),
      h("li", {}, "lost ", this.outputs.lost), h("li", {}, "clipped ", this.outputs.clipped));
    this.scale(this.fixed);
  }

  /** Whether the charts show the sensor's whole range. */
  scale(fixed) {
    this.fixed = fixed;
    for (const { chart, full } of this.charts || []) { chart.range = fixed ? [-full, full] : null; chart.dirty = true; }
  }

  frame(now) {
    if (!this.pacer) return;
    this.pacer.frame(now);
    this.spectrogram?.draw(now);
    if (now - this.told < 500) return;
    this.told = now;
    const measured = this.meter.rate;
    const off = measured && Math.abs(measured - this.rate) > 0.05 * this.rate;
    say(this.outputs.rate, measured ? `${measured.toFixed(1)} Hz${off ? ": not what the sensor says" : ""}` : "–", off);
    say(this.outputs.lost, `${this.lost.toLocaleString("en")}`, this.lost > 0);
    const clips = this.clipped > 0 && now - this.clippedAt < CLIPPED_FOR;
    say(this.outputs.clipped, `${this.clipped.toLocaleString("en")} values${clips ? ": the sensor's range is too small now" : ""}`, clips);
    this.place.classList.toggle("clips", clips);
  }

  end() {
    this.ended = true;
    this.off();
    this.drop();
  }
}

function say(output, text, warn) {
  if (output.textContent !== text) output.textContent = text;
  output.classList.toggle("bad", Boolean(warn));
}

function columns(rows, width, which) {
  const found = new Int16Array((rows.length / width) * which.length);
  for (let i = 0, at = 0; i < rows.length; i += width) for (const c of which) found[at++] = rows[i + c];
  return found;
}
