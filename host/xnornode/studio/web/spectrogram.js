// Sound as it comes: its level, and which frequencies are in it, by an FFT.

import { css, onTheme } from "/web/colours.js";
import { h } from "/web/dom.js";

const WINDOW = 0.032; // seconds
const QUIET = -100, LOUD = -15; // dB of full scale
const RAMP = ["--bg", "--c1", "--c4", "--c2", "--c5"];

/** In place: real and imaginary parts become those of the spectrum. Lengths are powers of two. */
export function fft(re, im) {
  const n = re.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) { [re[i], re[j]] = [re[j], re[i]]; [im[i], im[j]] = [im[j], im[i]]; }
  }
  for (let size = 2; size <= n; size <<= 1) {
    const half = size >> 1, step = (-2 * Math.PI) / size;
    for (let k = 0; k < half; k++) {
      const c = Math.cos(step * k), s = Math.sin(step * k);
      for (let a = k; a < n; a += size) {
        const b = a + half;
        const x = re[b] * c - im[b] * s, y = re[b] * s + im[b] * c;
        re[b] = re[a] - x; im[b] = im[a] - y;
        re[a] += x; im[a] += y;
      }
    }
  }
}

const decibel = (value) => (value > 0 ? Math.max(-120, 20 * Math.log10(value / 32768)) : -120);
const said = (db) => (db <= -120 ? "silence" : `${db.toFixed(0)} dB`).replace("-", "\u2212");
const hertz = (f) => (f >= 1000 ? `${(f / 1000).toFixed(f % 1000 ? 1 : 0)} kHz` : `${f.toFixed(0)} Hz`);

/** RMS and peak of int16 samples, in dB of full scale. */
export function level(rows) {
  let sum = 0, peak = 0;
  for (let i = 0; i < rows.length; i++) { const v = Math.abs(rows[i]); sum += v * v; if (v > peak) peak = v; }
  return { rms: decibel(Math.sqrt(sum / Math.max(1, rows.length))), peak: decibel(peak) };
}

export class Spectrogram {
  constructor(element, { rate, height = 200 }) {
    this.rate = rate;
    this.size = 128;
    while (this.size < 2048 && 2 * this.size <= 1.4 * WINDOW * rate) this.size *= 2;
    this.hop = this.size / 2;
    this.hann = Float32Array.from({ length: this.size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / this.size));
    this.held = new Float32Array(this.size);
    this.filled = 0;
    this.columns = [];
    this.loudest = 0;
    this.told = 0;
    this.top = -120; // the highest peak since the level was said
    this.canvas = h("canvas", { class: "signal", role: "img", "aria-label": `spectrogram, 0 to ${hertz(rate / 2)} from bottom to top; the newest sound is at the right` });
    this.canvas.style.height = `${height}px`;
    this.meter = h("meter", { min: "-60", max: "0", low: "-12", high: "-1", optimum: "-30", value: "-60", "aria-label": "level of the sound in dB of full scale" });
    this.text = h("output", {}, "–");
    this.heard = h("output", {}, "–");
    element.append(
      h("div", { class: "level" }, h("span", {}, "Level"), this.meter, this.text),
      h("div", { class: "spectrogram" }, this.canvas,
        h("span", { class: "axis top" }, hertz(rate / 2)), h("span", { class: "axis middle" }, hertz(rate / 4)), h("span", { class: "axis bottom" }, "0")),
      h("p", { class: "help" }, "Spectrogram. Loudest at ", this.heard));
    this.offTheme = onTheme(() => { this.colours = null; this.canvas.width = 0; });
  }

  /** rows: Int16Array of one channel. */
  push(rows) {
    const { rms, peak } = level(rows);
    this.rms = rms;
    this.top = Math.max(this.top, peak);
    for (let i = 0; i < rows.length; i++) {
      this.held[this.filled++] = rows[i];
      if (this.filled === this.size) {
        this.columns.push(this.spectrum());
        if (this.columns.length > 4000) this.columns.shift();
        this.held.copyWithin(0, this.hop);
        this.filled = this.hop;
      }
    }
  }

  spectrum() {
    const re = new Float32Array(this.size), im = new Float32Array(this.size);
    for (let i = 0; i < this.size; i++) re[i] = this.held[i] * this.hann[i];
    fft(re, im);
    const column = new Float32Array(this.size / 2);
    let best = 1;
    for (let k = 0; k < column.length; k++) {
      column[k] = decibel((4 / this.size) * Math.hypot(re[k], im[k]));
      if (k && column[k] > column[best]) best = k;
    }
    this.loudest = column[best] > QUIET + 10 ? (best * this.rate) / this.size : 0;
    return column;
  }

  /** Draw what has come since; once an animation frame. */
  draw(now) {
    const { canvas } = this;
    const ratio = devicePixelRatio || 1;
    const w = Math.round(canvas.clientWidth * ratio), high = Math.round(canvas.clientHeight * ratio);
    if (w && high && this.columns.length) {
      if (canvas.width !== w || canvas.height !== high) { canvas.width = w; canvas.height = high; }
      const g = canvas.getContext("2d", { willReadFrequently: true });
      this.colours ||= ramp();
      const count = Math.min(w, this.columns.length);
      const columns = this.columns.slice(-count);
      this.columns.length = 0;
      g.drawImage(canvas, -count, 0);
      const image = g.createImageData(count, high);
      for (let y = 0; y < high; y++) {
        const k = Math.min(this.size / 2 - 1, Math.floor(((high - 1 - y) / high) * (this.size / 2)));
        for (let x = 0; x < count; x++) {
          const part = Math.max(0, Math.min(255, Math.round((255 * (columns[x][k] - QUIET)) / (LOUD - QUIET))));
          image.data.set(this.colours[part], 4 * (y * count + x));
        }
      }
      g.putImageData(image, w - count, 0);
    }
    if (now - this.told > 250 && this.rms !== undefined) {
      this.told = now;
      this.meter.value = Math.max(-60, this.rms);
      this.text.textContent = `${said(this.rms)}, peak ${said(this.top)}${this.top > -0.5 ? ": clipped" : ""}`;
      this.heard.textContent = this.loudest ? hertz(this.loudest) : "nothing";
      this.top = -120;
    }
  }

  end() { this.offTheme(); }
}

/** 256 colours from quiet to loud, of the theme. */
function ramp() {
  const stops = RAMP.map((name) => {
    const text = css(name).replace("#", "");
    return [0, 2, 4].map((i) => parseInt(text.slice(i, i + 2), 16) || 0);
  });
  return Array.from({ length: 256 }, (_, i) => {
    const at = (i / 255) * (stops.length - 1), k = Math.min(stops.length - 2, Math.floor(at)), part = at - k;
    return [...stops[k].map((v, c) => Math.round(v + part * (stops[k + 1][c] - v))), 255];
  });
}
