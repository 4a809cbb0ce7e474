// One file in full: its signal with a range to cut, its sound, its image, and where it belongs.

import { h, add, button, clear, field, number, table, text, bytes } from "/web/dom.js";
import { channelColour, onTheme } from "/web/colours.js";
import { BOTTOM, TOP, drawLarge, short } from "/web/data_chart.js";
import { length, query, told } from "/web/data_tiles.js";

const POINTS = 1600;
const CUT = ["recording", "sound"]; // kinds that can be cut

/** A chart with a range. Gives {element, range(), end()}. */
function rangeChart(ctx, item, signal, which, span) {
  const canvas = h("canvas", { class: "signal large", role: "img" });
  const holder = h("div", { class: "range" }, canvas);
  const said = h("p", { class: "muted", role: "status", "aria-live": "polite" });
  let place = null, range = [0, signal.samples], hidden = new Set(), frame = 0;
  const unit = signal.rate ? 1 / signal.rate : 1, word = signal.rate ? "s" : "samples";
  if (span && signal.rate) range = [Math.round(span[0] * signal.rate), Math.min(signal.samples, Math.round(span[1] * signal.rate))];
  const show = (sample) => Number((sample * unit).toFixed(signal.rate ? 4 : 0));
  const inputs = ["Start", "End"].map((name, k) => number({
    min: 0, max: show(signal.samples), step: "any", "aria-label": `${name} of the range in ${word}`,
    "aria-describedby": "range-problem", on: { change: typed },
  }));
  const wrong = h("p", { class: "note bad", id: "range-problem", role: "alert", hidden: true });
  let problem = "", at = -1; // what is wrong with the fields, and which one
  const handles = ["Start", "End"].map((name, k) => h("div", {
    class: "handle", role: "slider", tabindex: "0", "aria-label": `${name} of the range`, "aria-orientation": "horizontal",
    on: { pointerdown: (event) => drag(event, k), keydown: (event) => key(event, k) },
  }));
  add(holder, handles);

  /** Take the range from the fields, or say what is wrong with them: what was typed stays. */
  function typed() {
    const most = show(signal.samples), made = inputs.map((input, k) => {
      if (input.value !== "" && Number(input.value) === show(range[k])) return range[k]; // rounded, as shown
      return input.value === "" ? NaN : Number(input.value) === most ? signal.samples : Math.round(Number(input.value) / unit);
    });
    const bad = (k, text) => { problem = text; at = k; };
    bad(-1, "");
    if (made.some((value) => !Number.isFinite(value))) {
      const k = Number.isFinite(made[0]) ? 1 : 0;
      bad(k, `The range needs a number for its ${k ? "end" : "start"}.`);
    } else if (made[0] < 0) bad(0, "The range cannot start before 0.");
    else if (made[1] > signal.samples) bad(1, `The range cannot end behind the recording, which has ${most} ${word}.`);
    else if (made[0] >= made[1]) bad(1, `The range ends at ${inputs[1].value} ${word}, which is not behind its start at ${inputs[0].value} ${word}.`);
    if (!problem) range = made;
    mark();
    draw();
  }
  function mark() {
    wrong.textContent = problem;
    wrong.hidden = !problem;
    inputs.forEach((input, k) => { if (problem && k === at) input.setAttribute("aria-invalid", "true"); else input.removeAttribute("aria-invalid"); });
  }
  /** The range if the fields say one; else it is said at them, and null. */
  function checked() {
    if (!problem) return range;
    inputs[at].focus();
    return null;
  }

  function set(k, value) {
    problem = ""; // a handle says the range anew
    mark();
    const least = k ? range[0] + 1 : 0, most = k ? signal.samples : range[1] - 1;
    range[k] = Math.min(most, Math.max(least, Number.isFinite(value) ? value : range[k]));
    draw();
  }
  function draw() {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => {
      place = drawLarge(canvas, signal, { range, shown: (k) => !hidden.has(k) });
      handles.forEach((handle, k) => {
        const x = place.x(range[k]);
        handle.hidden = x < place.x(signal.first) - 1 || x > place.x(signal.last) + 1;
        handle.style.left = `${x}px`;
        handle.style.top = `${TOP}px`;
        handle.style.bottom = `${BOTTOM}px`;
        handle.setAttribute("aria-valuemin", "0");
        handle.setAttribute("aria-valuemax", String(show(signal.samples)));
        handle.setAttribute("aria-valuenow", String(show(range[k])));
        handle.setAttribute("aria-valuetext", `${show(range[k])} ${word}`);
        if (!problem && inputs[k] !== document.activeElement) inputs[k].value = show(range[k]);
      });
    });
    said.textContent = problem ? "" : `The range is ${show(range[0])} to ${show(range[1])} ${word}: ${show(range[1] - range[0])} ${word} of ${show(signal.samples)}.`;
  }
  function drag(event, k) {
    event.preventDefault();
    handles[k].focus();
    handles[k].setPointerCapture(event.pointerId);
    const move = (e) => set(k, place.at(e.clientX - canvas.getBoundingClientRect().left));
    const up = () => { handles[k].removeEventListener("pointermove", move); handles[k].removeEventListener("pointerup", up); handles[k].removeEventListener("pointercancel", up); };
    handles[k].addEventListener("pointermove", move);
    handles[k].addEventListener("pointerup", up);
    handles[k].addEventListener("pointercancel", up);
  }
  function key(event, k) {
    const view = signal.last - signal.first, big = Math.max(1, Math.round(view / 10)), step = event.shiftKey ? 1 : Math.max(1, Math.round(view / 100));
    const by = { ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step, PageDown: -big, PageUp: big, Home: -Infinity, End: Infinity }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    set(k, Number.isFinite(by) ? range[k] + by : by < 0 ? 0 : signal.samples);
  }
  canvas.addEventListener("pointerdown", (event) => { // the nearer handle comes to where was clicked
    if (!place) return;
    const at = place.at(event.clientX - canvas.getBoundingClientRect().left);
    const k = Math.abs(at - range[0]) <= Math.abs(at - range[1]) ? 0 : 1;
    set(k, at);
    drag(event, k);
  });
  async function zoom(first, last) {
    const part = await ctx.attempt(ctx.get(`/api/data/signal?${query(item)}&points=${POINTS}&which=${which}&first=${first}&last=${last}`));
    if (part) { signal = part; draw(); }
  }
  const legend = h("ul", { class: "legend" }, signal.channels.map((name, k) => {
    const swatch = h("span", { class: "swatch" });
    swatch.style.background = channelColour(k);
    const toggle = h("button", { type: "button", class: "quiet small", "aria-pressed": "true", title: "show or hide this channel", on: { click: () => {
      if (hidden.has(k)) hidden.delete(k); else hidden.add(k);
      toggle.setAttribute("aria-pressed", String(!hidden.has(k)));
      draw();
    } } }, swatch, name);
    return h("li", {}, toggle);
  }));
  canvas.setAttribute("aria-label", `${told(item)}, ${length(item)}: ${signal.channels.map((name, k) => `${name} from ${short(signal.minimum[k])} to ${short(signal.maximum[k])}`).join("; ")}`);
  const resize = new ResizeObserver(draw);
  resize.observe(holder);
  const off = onTheme(() => {
    [...legend.querySelectorAll(".swatch")].forEach((node, k) => { node.style.background = channelColour(k); });
    draw();
  });
  const element = h("div", {}, holder, legend,
    signal.more > 0 && h("p", { class: "muted" }, `${signal.more} more channels are not drawn.`),
    signal.breaks.length > 0 && h("p", { class: "note warn" }, `Dashed lines: samples are missing at ${signal.breaks.length} places.`),
    h("div", { class: "row cut-row" }, h("span", {}, "Range"), inputs[0], h("span", {}, "to"), inputs[1], h("span", {}, word),
      button("Zoom in", () => { if (checked()) zoom(range[0], range[1]); }, { kind: "quiet" }), button("Whole", () => zoom(0, 2 ** 39), { kind: "quiet" })),
    wrong, said,
    h("details", {}, h("summary", {}, "Values of the channels"), table(["channel", "minimum", "mean", "maximum"],
      signal.channels.map((name, k) => [name, short(signal.minimum[k]), short(signal.mean[k]), short(signal.maximum[k])]), { left: ["channel"], caption: "values of the whole recording" })));
  return { element, range: () => range, checked, samples: signal.samples, end() { resize.disconnect(); off(); cancelAnimationFrame(frame); } };
}

/** Open a file. items: those beside it; labels, groups: names that are there; edited(): after a change. */
export function openItem(ctx, item, items, { labels, groups, edit, span = null }) {
  const body = h("div", { class: "stack" });
  const title = h("h2", {});
  const dialog = h("dialog", { class: "wide", "aria-labelledby": "item-title" });
  title.id = "item-title";
  let chart = null, turn = 0;
  const close = () => { chart?.end(); turn++; document.removeEventListener("keydown", keys); dialog.close(); dialog.remove(); };
  const step = (by) => { const at = items.findIndex((other) => other.path === item.path) + by; if (items[at]) { item = items[at]; span = null; show(); } };
  const previous = button("‹", () => step(-1), { label: "The recording before", title: "the recording before (P)" });
  const following = button("›", () => step(1), { label: "The next recording", title: "the next recording (N)" });
  add(dialog, [h("div", { class: "spread" }, title, h("div", { class: "row" }, previous, following, button("Close", close))), body]);
  dialog.addEventListener("cancel", (event) => { event.preventDefault(); close(); });
  function keys(event) { // of the document: a button that is disabled at an end of the list loses the focus
    if (event.target.closest?.("input, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "n") step(1);
    if (event.key === "p") step(-1);
  }
  document.addEventListener("keydown", keys);
  async function run(path, sent, what) {
    if (await edit(path, sent, what)) close();
  }
  async function content(which) {
    if (item.problem) return h("p", { class: "note bad" }, item.problem);
    if (item.kind === "image") return h("img", { class: "whole", src: `/api/data/image?${query(item)}`, alt: `${told(item)}: ${item.name}` });
    if (item.kind === "text") return h("pre", {}, (await ctx.get(`/api/data/text?${query(item)}`)).text);
    const signal = await ctx.get(`/api/data/signal?${query(item)}&points=${POINTS}&which=${which}`);
    chart = rangeChart(ctx, item, signal, which, span);
    const several = signal.names.length > 1 && h("label", { class: "row" }, "Recording ",
      h("select", { on: { change: (event) => show(Number(event.target.value)) } }, signal.names.map((name, k) => h("option", { value: k, selected: k === which }, name.split("/").pop()))));
    const sound = signal.sound && h("audio", { controls: true, preload: "none", src: `/api/data/sound?${query(item)}`, "aria-label": `Play ${item.name}` });
    return [several, chart.element, sound];
  }
  async function show(which = 0) {
    const mine = ++turn;
    chart?.end();
    chart = null;
    title.textContent = `${told(item)} · ${item.name.split("/").pop()}`;
    const at = items.findIndex((other) => other.path === item.path);
    previous.disabled = at <= 0;
    following.disabled = at < 0 || at >= items.length - 1;
    let shown;
    try { shown = await content(which); } catch (error) { shown = h("p", { class: "note bad" }, error.message); }
    if (mine !== turn) return;
    const self = { path: item.path, version: item.version };
    const label = text({ value: item.label, list: "data-labels" }), group = text({ value: item.group, list: "data-groups" });
    const whole = () => chart.range()[0] === 0 && chart.range()[1] === chart.samples;
    const cut = CUT.includes(item.kind) && chart && h("div", { class: "row" },
      button("Cut to the range", () => chart.checked() && (whole() ? ctx.toast("Set the range first: drag a handle, or use the arrow keys on it.") : run("cut", { item: self, parts: [chart.range()] }, "cut"))),
      button("Split in two at the start of the range", () => {
        if (!chart.checked()) return;
        const at = chart.range()[0];
        if (!at) ctx.toast("Set the start of the range to where the second part begins.");
        else run("cut", { item: self, parts: [[0, at], [at, chart.samples]] }, "split");
      }),
      h("small", { class: "help" }, "The whole recording goes into the bin."));
    clear(body);
    add(body, [shown, cut,
      h("form", { class: "fields move", on: { submit: (event) => {
        event.preventDefault();
        run("relabel", { items: [self], label: label.value.trim() === item.label ? null : label.value.trim(), group: group.value.trim() === item.group ? null : group.value.trim() }, "moved");
      } } }, field("Label", label), field("Group", group),
      h("div", { class: "row" }, h("button", { type: "submit" }, "Change"), button("Delete", () => run("delete", { items: [self] }, "deleted"), { kind: "danger" }))),
      h("datalist", { id: "data-labels" }, labels.map((name) => h("option", { value: name }))),
      h("datalist", { id: "data-groups" }, groups.map((name) => h("option", { value: name }))),
      h("dl", { class: "facts" }, [["file", item.name], ["kind", item.kind], ["length", `${length(item)}${item.samples && item.seconds ? `, ${item.samples.toLocaleString("en")} samples` : ""}`],
        item.rate && ["sample rate", `${Number(item.rate.toPrecision(6))} Hz`], ["size", bytes(item.bytes)], item.remarks.length && ["remarks", item.remarks.join(", ")]]
        .filter(Boolean).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]))]);
  }
  document.body.append(dialog);
  dialog.showModal();
  show();
  return close;
}
