// Recordings that were just made: their shape, what is wrong with them, their sound.

import { h, button, seconds } from "/web/dom.js";
import { nameAndUnit } from "/web/signal.js";
import { channelColour, css, onTheme } from "/web/colours.js";

/** Draw the range of each channel in each column; a line of the theme where samples are missing. */
export function drawShape(canvas, shape) {
  const ratio = devicePixelRatio || 1;
  const w = Math.round((canvas.clientWidth || 240) * ratio), high = Math.round((canvas.clientHeight || 56) * ratio);
  canvas.width = w;
  canvas.height = high;
  const g = canvas.getContext("2d");
  const ranges = new Map(); // each unit fills the height
  const units = shape.channels.map((name) => nameAndUnit(name)[1]);
  units.forEach((unit, c) => {
    const [low, top] = ranges.get(unit) || [Infinity, -Infinity];
    ranges.set(unit, [Math.min(low, ...shape.low[c]), Math.max(top, ...shape.high[c])]);
  });
  g.lineWidth = ratio;
  shape.low.forEach((lows, c) => {
    const step = w / lows.length;
    const [low, top] = ranges.get(units[c]);
    const y = (v) => high - 2 - ((v - low) / (top - low || 1)) * (high - 4);
    g.strokeStyle = channelColour(c);
    g.beginPath();
    lows.forEach((v, i) => {
      const x = (i + 0.5) * step;
      if (i) g.lineTo(x, y(v)); else g.moveTo(x, y(v));
      g.lineTo(x, y(shape.high[c][i]));
    });
    g.stroke();
  });
  g.strokeStyle = css("--bad");
  for (const at of shape.breaks) { g.beginPath(); g.moveTo(at * w, 0); g.lineTo(at * w, high); g.stroke(); }
}

export class RecordingList {
  /** remove(entry) is called when a recording is to go to the bin. */
  constructor(element, ctx, remove) {
    this.ctx = ctx;
    this.remove = remove;
    this.items = new Map();
    this.list = h("ol", { class: "recordings" });
    this.empty = h("p", { class: "empty" }, "Nothing was recorded since the studio was opened.");
    element.append(this.empty, this.list);
    this.offTheme = onTheme(() => this.items.forEach((item) => item.draw()));
  }

  show(entries) {
    const paths = entries.map((entry) => entry.path);
    for (const [path, item] of this.items) if (!paths.includes(path)) { item.node.remove(); this.items.delete(path); }
    for (const entry of [...entries].reverse()) {
      if (this.items.has(entry.path)) continue;
      const item = this.make(entry);
      this.items.set(entry.path, item);
      this.list.prepend(item.node);
      item.load();
    }
    this.empty.hidden = entries.length > 0;
  }

  make(entry) {
    const canvas = h("canvas", { class: "shape", role: "img", "aria-label": `the signal of ${entry.name}` });
    const problem = h("p", { class: "note warn", hidden: true });
    const facts = [
      seconds(entry.seconds), `${entry.samples.toLocaleString("en")} samples`,
      entry.rate ? `${entry.rate.toFixed(1)} Hz` : null, `${entry.lost.toLocaleString("en")} lost`, `${entry.clipped.toLocaleString("en")} clipped`,
    ];
    const node = h("li", { class: "recording" },
      h("div", { class: "spread" },
        h("strong", { class: "name" }, entry.name, " ", entry.cut && h("span", { class: "tag warn" }, "cut short")),
        button("Delete", () => this.remove(entry), { kind: "quiet", label: `Delete ${entry.name}`, title: "Move it to the bin" })),
      canvas,
      h("p", { class: "help" }, facts.filter(Boolean).join(" · ")),
      entry.sound && h("audio", { controls: true, preload: "none", src: `/api/record/wav?path=${encodeURIComponent(entry.path)}`, "aria-label": `play ${entry.name}` }),
      entry.warnings.map((text) => h("p", { class: "note warn" }, text)), problem);
    const item = { node, shape: null, draw: () => item.shape && drawShape(canvas, item.shape) };
    item.load = async () => {
      try {
        item.shape = await this.ctx.get(`/api/record/shape?path=${encodeURIComponent(entry.path)}`);
        canvas.setAttribute("aria-label", `the signal of ${entry.name}: ${item.shape.channels.map((name, c) =>
          `${name} from ${Math.min(...item.shape.low[c]).toPrecision(3)} to ${Math.max(...item.shape.high[c]).toPrecision(3)}`).join(", ")}`);
        item.draw();
      } catch (error) {
        problem.textContent = error.message;
        problem.hidden = false;
      }
    };
    return item;
  }

  end() { this.offTheme(); }
}
