// Accuracy over a cost, with the budget as a line: a drawing of its own, with a text that says the same.

import { h, clear, percent } from "/web/dom.js";

const SVG = "http://www.w3.org/2000/svg", WIDTH = 460, HEIGHT = 230, LEFT = 52, BOTTOM = 36, TOP = 10, RIGHT = 12;

function s(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

/** points: [{x, y, text, best, old}]; limit: of x, or null. Gives {node, update(points)}. */
export function scatter(title, xLabel, limit) {
  const holder = h("div", { class: "chart" });
  const node = h("figure", {}, h("figcaption", {}, title), holder);

  function update(points) {
    clear(holder);
    const drawing = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "scatter", role: "img" });
    const best = points.find((p) => p.best) || points.reduce((a, b) => (!a || b.y > a.y ? b : a), null);
    drawing.setAttribute("aria-label", best ? `${title}: ${points.length} networks, the most accurate ${best.text}` : `${title}: nothing yet`);
    const xs = points.map((p) => Math.log10(p.x)), ys = points.map((p) => p.y);
    if (limit) xs.push(Math.log10(limit));
    const x0 = Math.min(...xs, Infinity), x1 = Math.max(...xs, -Infinity), y0 = Math.max(0, Math.min(...ys, 1) - 0.05), y1 = 1;
    const low = Number.isFinite(x0) ? x0 - 0.08 : 0, high = Number.isFinite(x1) ? Math.max(x1 + 0.08, low + 0.2) : 1;
    const x = (v) => LEFT + ((Math.log10(v) - low) / (high - low)) * (WIDTH - LEFT - RIGHT);
    const y = (v) => TOP + ((y1 - v) / (y1 - y0)) * (HEIGHT - TOP - BOTTOM);
    for (const v of [y0, (y0 + y1) / 2, y1]) {
      drawing.append(s("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(v), y2: y(v), class: "grid" }));
      drawing.append(s("text", { x: LEFT - 6, y: y(v) + 4, "text-anchor": "end" }, `${Math.round(100 * v)} %`));
    }
    for (const v of ticks(low, high)) drawing.append(s("text", { x: x(v), y: HEIGHT - BOTTOM + 16, "text-anchor": "middle" }, v.toLocaleString("en")));
    drawing.append(s("text", { x: (LEFT + WIDTH) / 2, y: HEIGHT - 4, "text-anchor": "middle", class: "soft" }, xLabel));
    if (limit) {
      drawing.append(s("line", { x1: x(limit), x2: x(limit), y1: TOP, y2: HEIGHT - BOTTOM, class: "limit" }));
      drawing.append(s("text", { x: x(limit) - 4, y: HEIGHT - BOTTOM - 4, "text-anchor": "end", class: "soft" }, "budget"));
    }
    for (const p of [...points].sort((a, b) => Boolean(a.best) - Boolean(b.best))) {
      const dot = s("circle", { cx: x(p.x), cy: y(p.y), r: p.best ? 7 : 4, class: p.best ? "dot best" : p.old ? "dot old" : "dot" });
      dot.append(s("title", {}, `${p.text}, ${percent(p.y)}`));
      drawing.append(dot);
    }
    holder.append(drawing);
  }
  update([]);
  return { node, update };
}

/** Round numbers between two powers of ten. */
function ticks(low, high) {
  const found = [];
  for (let e = Math.floor(low); e <= Math.ceil(high); e++) {
    for (const m of [1, 2, 5]) { const v = m * 10 ** e; if (Math.log10(v) >= low && Math.log10(v) <= high) found.push(v); }
  }
  const step = Math.ceil(found.length / 5);
  return found.filter((_, i) => i % step === 0);
}
