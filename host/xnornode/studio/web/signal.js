// A live signal: a ring of samples, drawn once an animation frame.

import { css, channelColour, onTheme } from "/web/colours.js";
import { h } from "/web/dom.js";

const NANO = 1e9;
const MARGIN = { left: 50, bottom: 18, top: 6 }; // pixels, for numbers: none lies on a curve
const TICKS = 3; // at least
/** "accel x (g)" -> ["accel x", "g"]. */
export function nameAndUnit(channel) {
  const found = /^(.*\S)\s*\(([^()]*)\)$/.exec(channel);
  return found ? [found[1], found[2]] : [channel, "counts"];
}

/** The largest of 1, 2 and 5 times a power of ten that is not above a number. */
export function roundStep(most) {
  const power = 10 ** Math.floor(Math.log10(most));
  return power * (most / power >= 5 ? 5 : most / power >= 2 ? 2 : 1);
}

export class SignalChart {
  /** channels: names with units; scales: billionths of a unit per count, 0 if unknown; rate: Hz. */
  constructor(element, { channels, scales, rate, seconds = 6, height = 240, label = "live signal" }) {
    this.channels = channels;
    this.scales = scales.map((s) => (s ? s / NANO : 1));
    this.length = Math.max(2, Math.min(200000, Math.round(rate * seconds)));
    this.seconds = seconds;
    this.rings = channels.map(() => new Float32Array(this.length).fill(NaN));
    this.at = 0;
    this.canvas = h("canvas", { class: "signal", role: "img", "aria-label": `${label}: ${channels.join(", ")}` });
    this.canvas.style.height = `${height}px`;
    this.values = channels.map(() => h("output", {}, "–"));
    this.legend = h("ul", { class: "legend" }, channels.map((name, i) =>
      h("li", {}, h("span", { class: `swatch c${(i % 8) + 1}` }), name, " ", this.values[i])));
    element.append(this.canvas, this.legend);
    this.dirty = true;
    this.told = 0;
    this.ended = false;
    this.range = null; // [low, high] in units; null: as the signal is
    this.offTheme = onTheme(() => { this.dirty = true; });
    this.resize = new ResizeObserver(() => { this.dirty = true; });
    this.resize.observe(this.canvas);
    const frame = () => { if (this.ended) return; if (this.dirty) this.draw(); requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
  }

  /** rows: Int16Array, row by row. gap: samples that were lost before them (drawn as a hole). */
  push(rows, gap = 0) {
    const width = this.channels.length;
    for (let i = 0; i < Math.min(gap, this.length); i++) this.put(null, 0, width);
    for (let i = 0; i + width <= rows.length; i += width) this.put(rows, i, width);
    this.dirty = true;
  }

  put(rows, i, width) {
    const at = this.at++ % this.length;
    for (let c = 0; c < width; c++) this.rings[c][at] = rows ? rows[i + c] * this.scales[c] : NaN;
  }

  clear() {
    this.rings.forEach((ring) => ring.fill(NaN));
    this.at = 0;
    this.dirty = true;
  }

  draw() {
    this.dirty = false;
    const { canvas } = this;
    const ratio = devicePixelRatio || 1;
    const whole = Math.round(canvas.clientWidth * ratio), tall = Math.round(canvas.clientHeight * ratio);
    const side = Math.round(MARGIN.left * ratio), top = MARGIN.top * ratio;
    const w = whole - side, hgt = tall - (MARGIN.top + MARGIN.bottom) * ratio; // of the curves
    if (w <= 0 || hgt <= 0) return;
    if (canvas.width !== whole || canvas.height !== tall) { canvas.width = whole; canvas.height = tall; }
    const g = canvas.getContext("2d");
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.clearRect(0, 0, whole, tall);
    let low = Infinity, high = -Infinity;
    for (const ring of this.rings) for (const v of ring) { if (v < low) low = v; if (v > high) high = v; }
    if (!(high >= low)) { low = -1; high = 1; }
    if (high - low < 1e-9) { low -= 1; high += 1; }
    const pad = 0.06 * (high - low);
    low -= pad; high += pad;
    if (this.range) { low = this.range[0] - 0.03 * (this.range[1] - this.range[0]); high = this.range[1] + 0.03 * (this.range[1] - this.range[0]); }
    const y = (v) => hgt - ((v - low) / (high - low)) * hgt;
    this.scale(g, { low, high, y, side, top, w, hgt, ratio });
    g.setTransform(1, 0, 0, 1, side, top);
    const start = Math.max(0, this.at - this.length);
    const perPixel = this.length / w;
    for (const [c, ring] of this.rings.entries()) {
      g.strokeStyle = channelColour(c);
      const path = new Path2D();
      let pen = false;
      if (perPixel > 4) { // the range of each column, so that no peak is left out
        for (let x = 0; x < w; x++) {
          let a = Infinity, b = -Infinity;
          for (let k = Math.floor(x * perPixel); k < Math.floor((x + 1) * perPixel); k++) {
            if (start + k >= this.at) break;
            const v = ring[(start + k) % this.length];
            if (v < a) a = v;
            if (v > b) b = v;
          }
          if (b >= a) { path.moveTo(x, y(a)); path.lineTo(x, y(b) - 0.5); }
        }
      } else {
        for (let k = 0; start + k < this.at; k++) {
          const v = ring[(start + k) % this.length];
          if (Number.isNaN(v)) { pen = false; continue; }
          const x = (k / (this.length - 1)) * w;
          if (pen) path.lineTo(x, y(v)); else path.moveTo(x, y(v));
          pen = true;
        }
      }
      if (ratio > 1) { g.lineWidth = 1.5 * ratio; g.stroke(path); continue; }
      g.lineWidth = 1; // two hairlines: without a graphics card, a wider line takes ten times longer
      g.stroke(path);
      g.translate(0, 0.6);
      g.stroke(path);
      g.translate(0, -0.6);
    }
    const now = performance.now();
    if (now - this.told > 250) {
      this.told = now;
      this.rings.forEach((ring, c) => {
        const v = this.at ? ring[(this.at - 1) % this.length] : NaN;
        this.values[c].textContent = Number.isNaN(v) ? "–" : v.toPrecision(3);
      });
    }
  }

  /** Lines at round values with their numbers in the margin; unit and seconds below. */
  scale(g, { low, high, y, side, top, w, hgt, ratio }) {
    g.font = `${11 * ratio}px system-ui, sans-serif`;
    g.fillStyle = css("--muted");
    g.strokeStyle = css("--line");
    g.lineWidth = ratio;
    g.textBaseline = "middle";
    g.textAlign = "right";
    const step = roundStep((high - low) / TICKS), digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    for (let k = Math.ceil(low / step); k * step <= high; k++) {
      const at = Math.round(top + y(k * step)) + 0.5, far = Math.abs(k * step) >= 1e5;
      g.beginPath(); g.moveTo(side, at); g.lineTo(side + w, at); g.stroke();
      g.fillText(far ? (k * step).toExponential(1) : (k * step).toFixed(Math.min(digits, 6)), side - 5 * ratio, at);
    }
    const units = [...new Set(this.channels.map((name) => nameAndUnit(name)[1]))].join(", ").slice(0, 40);
    const below = top + hgt + 0.55 * MARGIN.bottom * ratio;
    g.textAlign = "left";
    g.fillText(units, side, below);
    g.textAlign = "right";
    g.fillText(`${this.seconds} s`, side + w - 3 * ratio, below);
  }

  end() {
    this.ended = true;
    this.offTheme();
    this.resize.disconnect();
  }
}
