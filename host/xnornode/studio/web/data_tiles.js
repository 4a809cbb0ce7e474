// The files as tiles: pictures are fetched when a tile comes into sight, and let go far outside.

import { h, clear, seconds, bytes } from "/web/dom.js";
import { classColour, classIndex, onTheme } from "/web/colours.js";
import { drawSmall } from "/web/data_chart.js";

const POINTS = 120, AT_ONCE = 6, PAGE = 60;
const NEAR = "400px";

/** What a file is called for a person. */
export const told = (item) => `${item.label || "no label"}${item.group ? ` / ${item.group}` : ""}`;
export const length = (item) => (item.seconds ? seconds(item.seconds) : item.samples ? `${item.samples} samples` : bytes(item.bytes));
const rate = (hertz) => (hertz >= 1000 ? `${Number((hertz / 1000).toPrecision(3))} kHz` : `${Number(hertz.toPrecision(3))} Hz`);
export const query = (item) => `path=${encodeURIComponent(item.path)}&v=${item.version}`;

export function tiles(root, ctx, { load, open, chosen, changed }) {
  const list = h("ul", { class: "tiles" });
  const more = h("div", { class: "more", "aria-hidden": "true" });
  root.append(list, more);
  let items = [], total = 0, loading = false, turn = 0, last = -1;
  const waiting = [], pictures = new Map();
  let running = 0;

  function pump() {
    while (running < AT_ONCE && waiting.length) {
      const job = waiting.shift();
      if (!job.wanted) continue;
      running++;
      job.run().catch(() => {}).finally(() => { running--; pump(); });
    }
  }

  async function fetchPicture(item, place) {
    try {
      if (item.kind === "text") {
        const { text } = await ctx.get(`/api/data/text?${query(item)}`);
        place.replaceChildren(h("p", { class: "snippet" }, text.slice(0, 160)));
        return;
      }
      const signal = pictures.get(item.path + item.version) || await ctx.get(`/api/data/signal?${query(item)}&points=${POINTS}`);
      if (pictures.size > 4000) pictures.clear();
      pictures.set(item.path + item.version, signal);
      if (place.isConnected && place.job?.wanted) paint(item, place, signal);
    } catch (error) {
      place.replaceChildren(h("p", { class: "snippet bad" }, error.message.slice(0, 160)));
    }
  }

  function paint(item, place, signal) {
    const canvas = place.querySelector("canvas") || h("canvas", { "aria-hidden": "true" });
    if (!canvas.isConnected) place.replaceChildren(canvas);
    drawSmall(canvas, signal, classColour(item.label));
  }

  const sight = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const item = target.item;
      if (isIntersecting) {
        if (item.problem || target.job?.wanted) continue;
        const known = pictures.get(item.path + item.version);
        target.job = { wanted: true, run: () => fetchPicture(item, target) };
        if (known) paint(item, target, known); else { waiting.push(target.job); pump(); }
      } else if (target.job) {
        target.job.wanted = false;
        const canvas = target.querySelector("canvas");
        if (canvas) canvas.width = canvas.height = 0; // lets its memory go
      }
    }
  }, { rootMargin: NEAR });
  const end = new IntersectionObserver((entries) => entries.some((e) => e.isIntersecting) && next(), { rootMargin: "800px" });
  end.observe(more);
  const off = onTheme(() => {
    for (const place of list.querySelectorAll(".picture")) {
      const known = place.item && pictures.get(place.item.path + place.item.version);
      if (known && place.job?.wanted) paint(place.item, place, known);
    }
  });

  function choose(index, on, range) {
    const from = range && last >= 0 ? Math.min(last, index) : index, to = range && last >= 0 ? Math.max(last, index) : index;
    for (let i = from; i <= to; i++) {
      if (on) chosen.set(items[i].path, items[i]); else chosen.delete(items[i].path);
      const node = list.children[i];
      node.querySelector("input").checked = on;
      node.classList.toggle("chosen", on);
    }
    last = index;
    changed();
  }

  function tile(item, index) {
    const name = `${told(item)}, ${item.name}, ${length(item)}`;
    const box = h("input", { type: "checkbox", "aria-label": `Choose ${item.name}`, checked: chosen.has(item.path), on: { click: (event) => choose(index, event.target.checked, event.shiftKey) } });
    const place = h("button", { type: "button", class: "picture", "aria-label": `Open ${name}`, on: { click: () => open(item, items) } });
    place.item = item;
    if (item.problem) place.append(h("p", { class: "snippet bad" }, item.problem));
    else if (item.kind === "image") place.append(h("img", { src: `/api/data/image?${query(item)}&small`, alt: "", loading: "lazy", decoding: "async" }));
    if (item.kind !== "image") sight.observe(place);
    return h("li", { class: `tile${chosen.has(item.path) ? " chosen" : ""}` },
      place,
      h("div", { class: "tile-head" }, box, h("span", { class: `swatch c${classIndex(item.label) + 1}` }), h("strong", { title: told(item) }, told(item))),
      h("div", { class: "tile-foot" }, h("span", { title: item.name }, item.name.split("/").pop()), h("span", {}, `${length(item)}${item.rate ? ` · ${rate(item.rate)}` : ""}`)),
      (item.problem || item.remarks.length > 0 || item.part) && h("div", { class: "row" },
        item.problem && h("span", { class: "tag bad" }, "damaged"),
        item.part && h("span", { class: "tag" }, item.part),
        item.remarks.map((text) => h("span", { class: "tag warn" }, text))));
  }

  async function next() {
    if (loading || items.length >= total) return;
    loading = true;
    const mine = turn;
    const data = await ctx.attempt(load(items.length, PAGE));
    loading = false;
    if (!data || mine !== turn) return;
    add(data);
  }

  function add(data) {
    total = data.found;
    const from = items.length;
    items.push(...data.items);
    list.append(...data.items.map((item, i) => tile(item, from + i)));
    if (items.length < total && more.getBoundingClientRect().top < innerHeight + 800) next();
  }

  return {
    /** Show this answer of the server, which has the first page. */
    show(data) {
      turn++;
      loading = false;
      sight.disconnect();
      clear(list);
      items = [];
      last = -1;
      add(data);
    },
    /** How many are loaded: as many are asked for when the list is loaded again. */
    count: () => Math.max(PAGE, items.length),
    mark() {
      [...list.children].forEach((node, i) => {
        const on = chosen.has(items[i].path);
        node.querySelector("input").checked = on;
        node.classList.toggle("chosen", on);
      });
    },
    end() { turn++; sight.disconnect(); end.disconnect(); off(); waiting.length = 0; },
  };
}
