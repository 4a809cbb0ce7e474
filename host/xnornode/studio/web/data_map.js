// The feature map: a point for each window; a click shows where it is from.

import { h, add, button, card, clear } from "/web/dom.js";
import { classColour, onTheme, css } from "/web/colours.js";
import { prepare } from "/web/data_chart.js";

const SHAPES = ["circle", "square", "triangle", "diamond", "cross"];
const SIZE = 4.5, PAD = 18, REACH = 14;

function mark(c, shape, x, y, r) {
  c.beginPath();
  if (shape === 0) c.arc(x, y, r, 0, 7);
  else if (shape === 1) c.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8);
  else if (shape === 2) { c.moveTo(x, y - r * 1.2); c.lineTo(x + r * 1.1, y + r * 0.9); c.lineTo(x - r * 1.1, y + r * 0.9); c.closePath(); }
  else if (shape === 3) { c.moveTo(x, y - r * 1.3); c.lineTo(x + r * 1.3, y); c.lineTo(x, y + r * 1.3); c.lineTo(x - r * 1.3, y); c.closePath(); }
  else { const a = r * 0.45; c.rect(x - r * 1.2, y - a, r * 2.4, a * 2); c.rect(x - a, y - r * 1.2, a * 2, r * 2.4); }
}

export function mapView(root, ctx, { open }) {
  const body = h("div", { class: "stack" });
  add(root, [card("Feature map", h("p", { class: "muted" }, "Each point is one window of a recording, or one image. Windows that a training sees as alike are near to each other. A point among those of another class is worth a look: click it."), body)]);
  let map = null, hidden = new Set(), focus = -1, places = [], ended = false, draws = () => {}, resize = null;

  function state(data) {
    if (ended) return;
    if (data.state === "running") return running(data);
    if (data.state === "done" && !data.map) { load(); return; }
    clear(body);
    resize?.disconnect();
    if (data.state === "done") { map = data.map; show(data.old); return; }
    add(body, [data.problem && h("p", { class: "note bad pre" }, data.problem), data.state === "stopped" && h("p", {}, "It was stopped."),
      h("div", { class: "row" }, button("Make the map", start, { kind: "primary" }))]);
  }
  const stale = h("p", { class: "note warn", hidden: true }, "Files have changed since this map was made. ", button("Make it again", start));
  let bar = null, said = null;
  function running(data) {
    if (!bar?.isConnected) {
      clear(body);
      bar = h("progress", { max: 1, value: 0, "aria-label": "Progress of the map" });
      said = h("p", { role: "status", "aria-live": "polite" });
      add(body, [said, bar, h("div", { class: "row" }, button("Stop", () => ctx.attempt(ctx.post("/api/data/map/stop"))))]);
    }
    bar.value = data.share || 0;
    said.textContent = data.text || "";
  }
  async function start() { const data = await ctx.attempt(ctx.post("/api/data/map")); if (data) state(data); }
  async function load() {
    const data = await ctx.attempt(ctx.get("/api/data/map"));
    if (!data || ended) return;
    if (map && data.state === "done" && body.querySelector("canvas.map")) { // what is shown stays
      stale.hidden = !data.old;
      return;
    }
    if (data.state === "none" || (data.state === "done" && data.old)) start(); else state(data);
  }
  const off = ctx.subscribe(["data_map"], state);

  const told = (p) => `${map.classes[p.class]}${p.group ? ` / ${p.group}` : ""}, ${p.name.split("/").pop()}${p.span ? `, ${p.span[0]} to ${p.span[1]} s` : ""}`;
  function show(old) {
    hidden = new Set();
    focus = -1;
    stale.hidden = !old;
    const canvas = h("canvas", { class: "map", tabindex: "0", role: "application", "aria-label": `Map of ${map.points.length} points. Arrow keys go from point to point, Enter opens the recording.` });
    const tip = h("output", { class: "map-tip", role: "status", "aria-live": "polite" }, "Point at a mark, or use the arrow keys.");
    const counts = map.classes.map((_, k) => map.points.filter((p) => p.class === k).length);
    const legend = h("ul", { class: "legend" }, map.classes.map((name, k) => {
      const swatch = h("canvas", { width: 32, height: 32, class: "shape", "aria-hidden": "true" });
      swatch.draw = () => { const c = prepare(swatch, 16, 16); c.fillStyle = classColour(name); mark(c, shapeOf(k), 8, 8, 5); c.fill(); };
      const toggle = h("button", { type: "button", class: "quiet small", "aria-pressed": "true", title: "show or hide this class", on: { click: () => {
        if (hidden.has(k)) hidden.delete(k); else hidden.add(k);
        toggle.setAttribute("aria-pressed", String(!hidden.has(k)));
        draw();
      } } }, swatch, `${name} (${counts[k]}, ${SHAPES[shapeOf(k)]})`);
      return h("li", {}, toggle);
    }));
    add(body, [
      stale,
      map.left_out.map((text) => h("p", { class: "note warn pre" }, text)),
      h("p", { class: "note" }, map.apart), canvas, tip, legend,
      h("dl", { class: "facts" }, h("dt", {}, "across"), h("dd", {}, map.axes[0]), h("dt", {}, "upwards"), h("dd", {}, map.axes[1]), h("dt", {}, "compared"), h("dd", {}, map.what)),
    ]);
    function draw() {
      const width = canvas.clientWidth || 320, height = canvas.clientHeight || 320;
      const c = prepare(canvas, width, height);
      places = map.points.map((p) => [PAD + ((p.x + 1) / 2) * (width - 2 * PAD), PAD + ((1 - p.y) / 2) * (height - 2 * PAD)]);
      c.strokeStyle = css("--line");
      c.beginPath(); c.moveTo(width / 2, 0); c.lineTo(width / 2, height); c.moveTo(0, height / 2); c.lineTo(width, height / 2); c.stroke();
      c.lineWidth = 1;
      c.globalAlpha = 0.8;
      map.classes.forEach((name, k) => {
        if (hidden.has(k)) return;
        c.fillStyle = classColour(name);
        c.strokeStyle = css("--surface");
        map.points.forEach((p, i) => { if (p.class === k) { mark(c, shapeOf(k), places[i][0], places[i][1], SIZE); c.fill(); c.stroke(); } });
      });
      c.globalAlpha = 1;
      if (focus >= 0) {
        c.lineWidth = 2.5;
        c.strokeStyle = css("--text");
        c.beginPath(); c.arc(places[focus][0], places[focus][1], SIZE + 4, 0, 7); c.stroke();
      }
      for (const node of legend.querySelectorAll("canvas")) node.draw();
    }
    draws = draw;
    function to(i) { if (i === focus || i < 0) return; focus = i; tip.textContent = told(map.points[i]); draw(); }
    function nearest(x, y, fits = () => true) {
      let best = -1, least = Infinity;
      places.forEach(([a, b], i) => {
        if (hidden.has(map.points[i].class) || !fits(a - x, b - y, i)) return;
        const d = (a - x) ** 2 + (b - y) ** 2;
        if (d < least) { least = d; best = i; }
      });
      return [best, Math.sqrt(least)];
    }
    const under = (event) => { const box = canvas.getBoundingClientRect(); const [i, d] = nearest(event.clientX - box.left, event.clientY - box.top); return d < REACH ? i : -1; };
    const show_ = (i) => { const p = map.points[i]; if (p.path) open(p.path, p.span); else ctx.toast("This window is from no file of its own."); };
    canvas.addEventListener("pointermove", (event) => { const i = under(event); canvas.style.cursor = i >= 0 ? "pointer" : ""; to(i); });
    canvas.addEventListener("click", (event) => { const i = under(event); if (i >= 0) { to(i); show_(i); } });
    canvas.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (event.key === "Enter" && focus >= 0) { event.preventDefault(); show_(focus); }
      if (!way) return;
      event.preventDefault();
      if (focus < 0) { to(nearest(canvas.clientWidth / 2, canvas.clientHeight / 2)[0]); return; }
      const [x, y] = places[focus]; // the nearest one within 45 degrees of the arrow
      to(nearest(x, y, (dx, dy, i) => i !== focus && dx * way[0] + dy * way[1] > 0 && dx * way[0] + dy * way[1] >= Math.abs(dx * way[1] + dy * way[0]))[0]);
    });
    resize = new ResizeObserver(draw);
    resize.observe(canvas);
  }
  const shapeOf = (k) => k % SHAPES.length;
  const offTheme = onTheme(() => draws());
  load();
  return { load, end() { ended = true; off(); offTheme(); resize?.disconnect(); } };
}
