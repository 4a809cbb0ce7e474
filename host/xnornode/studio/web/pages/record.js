// Record: what is recorded, the signal as it comes, what has been made.

import { h, add, busy as loads, card, changed, check, clear, field, number, seconds, table, text } from "/web/dom.js";
import { knowClasses } from "/web/colours.js";
import { allow, beep } from "/web/beep.js";
import { RecordingList } from "/web/playback.js";
import { SignalView } from "/web/signal_view.js";

const KEPT = "record"; // in the browser's storage
const SOON = 150; // milliseconds in which several changes are one
const BUSY = ["countdown", "waiting", "recording"];

function remembered() {
  try { return JSON.parse(localStorage.getItem(KEPT)) || {}; } catch { return {}; }
}

/** The form. Gives its node, `wish()` and `show(about)`. */
function makeForm(submit) {
  const had = remembered();
  const names = h("datalist", { id: "record-labels" }), groups = h("datalist", { id: "record-groups" });
  const label = text({ list: names.id, value: had.label || "", required: true, maxlength: "63" });
  const group = text({ list: groups.id, value: had.group || "", maxlength: "63" });
  const length = number({ min: "0.1", max: "86400", step: "any", value: had.seconds || 10, required: true });
  const repeat = number({ min: "1", max: "10000", step: "1", value: had.repeat || 1, required: true });
  const pause = number({ min: "0", max: "86400", step: "any", value: had.pause ?? 3, required: true });
  const press = check("Begin each one at a press of the node's button", { checked: had.button });
  const loss = check("Record nevertheless; what is lost is counted");
  const tones = check("Beep at the countdown", { checked: had.beep });
  const none = h("p", { class: "help", hidden: true }, "This node has no button. The ", h("a", { href: "#/node" }, "Node page"), " sets one with the sensor.");
  const fault = h("div", { class: "note warn", hidden: true });
  const labels = h("div", { class: "labels", role: "group", "aria-label": "Labels in use" });
  const mixed = h("div", { class: "note warn", role: "status", hidden: true });
  const why = h("p", { class: "help", id: "record-why", hidden: true });
  const go = h("button", { type: "submit", class: "primary big go", "aria-describedby": why.id, "data-keys": "Space=start or stop;R=record the last again;Z or Backspace=undo the last recording" }, "Start");
  const node = h("form", { novalidate: true, autocomplete: "off" },
    field("Label", label, "The class: what the model will say."), names, labels,
    field("Group", group, "Who or what is recorded, such as a person. Always or never."), groups, mixed,
    h("div", { class: "numbers" }, field("Seconds", length), field("Repeat", repeat), field("Pause (s)", pause)),
    press, none, tones, fault, go, why,
    h("p", { class: "help" }, h("kbd", {}, "Space"), " start or stop · ", h("kbd", {}, "R"), " again · ", h("kbd", {}, "Z"), " undo"));
  let sensor = null, warnings = {};
  const mark = () => {
    for (const one of labels.children) one.setAttribute("aria-pressed", String(one.dataset.label === label.value));
    pause.disabled = press.box.checked;
    const warning = warnings[group.value.trim() ? "with" : "without"] || "";
    mixed.hidden = !warning;
    if (mixed.dataset.said !== warning) { mixed.dataset.said = warning; mixed.textContent = `Careful: ${warning}.`; }
    none.hidden = !press.box.checked || sensor?.button !== false;
  };
  const keep = () => {
    mark();
    localStorage.setItem(KEPT, JSON.stringify({ ...wish(), beep: tones.box.checked }));
  };
  const wish = () => ({
    label: label.value.trim(), group: group.value.trim(), seconds: length.valueAsNumber || 0, repeat: repeat.valueAsNumber || 0,
    pause: press.box.checked ? 0 : pause.valueAsNumber || 0, allow_loss: loss.box.checked, button: press.box.checked,
  });
  node.addEventListener("input", keep);
  node.addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  tones.box.addEventListener("change", allow);
  const pick = (name) => (event) => {
    label.value = name;
    keep();
    if (event.detail) go.focus(); // after a mouse, Space is to start
  };
  function show({ classes, groups: inUse, port_fault: slow, group_warnings: mixes }) {
    warnings = mixes;
    clear(names).append(...classes.map((c) => h("option", { value: c.name })));
    clear(groups).append(...inUse.map((name) => h("option", { value: name })));
    const held = document.activeElement?.dataset?.label;
    if (changed(labels, classes.map((c) => [c.name, c.items]))) clear(labels).append(...classes.map((c) => h("button", { type: "button", "data-label": c.name, on: { click: pick(c.name) } }, c.name, " ", h("span", { class: "tag" }, c.items))));
    if (held) [...labels.children].find((one) => one.dataset.label === held)?.focus();
    fault.hidden = !slow;
    clear(fault).append(h("p", {}, slow, ". Set a lower rate on the ", h("a", { href: "#/node" }, "Node page"), ", or use USB."), loss);
    mark();
  }
  const know = (facts) => { sensor = facts; mark(); };
  /** Why it cannot be pressed; empty if it can. */
  const block = (text) => {
    go.disabled = Boolean(text);
    why.hidden = !text;
    if (why.textContent !== text) why.textContent = text;
  };
  return { node, go, wish, show, know, block, check: () => node.reportValidity(), beeps: () => tones.box.checked };
}

/** Where it is said what goes on: large, and to screen readers. */
function makeStage() {
  const count = h("div", { class: "count", "aria-hidden": "true" });
  const live = h("strong", { "aria-live": "assertive" });
  const more = h("span", { class: "muted" });
  const bar = h("progress", { max: "1", value: "0", "aria-label": "of this recording" });
  const node = h("div", { class: "stage" }, count, h("div", { class: "text" }, live, more, bar));
  const set = (what, value) => { if (what.textContent !== value) what.textContent = value; };
  function show(state, lost) {
    node.className = `stage ${lost ? "lost" : state.phase}`;
    if (lost) { // what it said last is not true any more
      count.hidden = bar.hidden = true;
      set(live, "Not known: the studio has ended, or does not answer");
      set(more, BUSY.includes(state.phase) ? "What came of the recording is kept." : "");
      return;
    }
    const named = state.group ? `${state.label} (${state.group})` : state.label;
    const which = `${named}, ${state.turn} of ${state.of}`;
    const rate = state.rate ? `${state.rate.toFixed(1)} Hz of ${state.nominal} Hz · ` : "";
    const losses = `${rate}${state.lost.toLocaleString("en")} lost · ${state.clipped.toLocaleString("en")} clipped`;
    count.hidden = state.phase !== "countdown" || !state.left;
    set(count, count.hidden ? "" : String(state.left));
    bar.hidden = state.phase !== "recording";
    bar.value = state.wanted ? state.taken / state.wanted : 0;
    set(live, {
      idle: "Ready", done: `Done: ${state.of} ${state.of === 1 ? "recording" : "recordings"} of ${named}`,
      countdown: state.left ? `${which} begins in ${state.left} s` : `${which} begins`,
      waiting: `${which}: press the node's button`, recording: `Recording ${which}`,
    }[state.phase]);
    set(more, state.phase === "recording"
      ? `${(state.nominal ? state.taken / state.nominal : 0).toFixed(1)} of ${(state.nominal ? state.wanted / state.nominal : 0).toFixed(1)} s · ${losses}`
      : state.phase === "done" ? losses : state.phase === "idle" ? "The recording begins after the pause." : "");
  }
  return { node, show };
}

/** Why nothing can be recorded, and where that is put right; empty if nothing is known. */
function hindrance(node) {
  const to = h("a", { href: "#/node" }, "Node page");
  if (!node.port) return ["No node is chosen. Plug one in, and choose it on the ", to, "."];
  const problem = (node.stream_problem || node.problem || "").replace(/\.$/, "");
  if (node.stream_problem) return [problem, ". The ", to, " sets the node and its sensor up."];
  if (!node.connected && node.problem) return [problem, ". See the ", to, "."];
  return [];
}

function mount(root, ctx) {
  let state = { phase: "idle", written: [], lost: 0, clipped: 0 }, told = "", timer = 0, lost = false, hindered = "";
  const busy = () => BUSY.includes(state.phase);
  const start = async (wish) => {
    allow();
    problem.hidden = true; // it was of the try before
    await ctx.attempt(ctx.post("/api/record/start", wish)); // the topic says what came of it
  };
  const stop = () => ctx.attempt(ctx.post("/api/record/stop"));
  const toggle = () => {
    if (form.go.disabled) return;
    if (busy()) stop();
    else if (form.check()) start(form.wish());
  };
  const again = () => {
    if (busy() || form.go.disabled) return;
    if (state.wish) start(state.wish); else ctx.toast("Nothing has been recorded yet that could be repeated.");
  };
  const remove = async (entry) => {
    if (!entry) return ctx.toast("There is no recording to undo.");
    const sure = await ctx.confirm({ title: `Delete ${entry.name}?`, text: "It goes to the bin. The Data page brings it back.", ok: "Delete", danger: true });
    if (sure && await ctx.attempt(ctx.post("/api/record/undo", { path: entry.path }))) ctx.toast(`${entry.name} is in the bin.`);
  };

  const form = makeForm(toggle);
  const stage = makeStage();
  const hint = h("div", { class: "note warn", role: "status", hidden: true });
  const problem = h("div", { class: "note bad", role: "alert", hidden: true });
  const notes = h("div", {});
  const scale = h("select", { on: { change: () => view.scale(scale.value === "range") } }, h("option", { value: "auto" }, "as the signal is"), h("option", { value: "range" }, "the sensor's range"));
  const scaled = h("label", { class: "row scale" }, "Scale", scale);
  const signal = h("section", { class: "card", "aria-label": "Signal" }, h("div", { class: "spread head" }, h("h2", {}, "Signal"), scaled));
  const made = card("Last recordings");
  const counts = card("Classes");
  root.append(h("h1", {}, "Record"), hint, problem, notes, stage.node,
    h("div", { class: "side desk" }, card("What is recorded", form.node), h("div", {}, signal, made), counts));
  const view = new SignalView(signal, ctx);
  const list = new RecordingList(made, ctx, remove);
  const rows = h("div", { "aria-busy": "true" }); // until there is a first answer
  counts.append(rows);

  function show(next) {
    if (form.beeps() && told) {
      if (next.phase === "countdown" && next.left !== state.left && next.left > 0 && next.left <= 3) beep(660);
      if (next.phase === "recording" && state.phase !== "recording") beep(990, 0.25);
      if (state.phase === "recording" && next.phase !== "recording") beep(440, 0.25);
    }
    state = next;
    ready();
    if (problem.textContent !== state.problem) problem.textContent = state.problem;
    problem.hidden = !state.problem;
    if (notes.textContent !== state.notes.join("")) clear(notes).append(...state.notes.map((note) => h("p", { class: "note" }, note)));
    list.show(state.written);
    const now = `made ${state.written.map((entry) => entry.path).join("|")}`;
    if (now !== told) refresh();
    told = now;
  }

  /** What the button does now, and what goes on. */
  function ready() {
    stage.show(state, lost);
    form.go.textContent = busy() ? "Stop" : "Start";
    form.go.classList.toggle("stop", busy() && !lost);
    form.block(lost ? "The studio does not answer." : busy() ? "" : hindered);
  }

  function refresh() {
    clearTimeout(timer);
    timer = setTimeout(() => loads(rows, load()), SOON);
  }

  async function load() {
    const about = await ctx.attempt(ctx.get("/api/record"));
    if (!about || !root.contains(form.node)) return;
    knowClasses(about.classes.map((c) => c.name));
    form.show(about);
    clear(rows);
    add(rows, about.classes.length
      ? table(["class", "recordings", "time", "groups"], about.classes.map((c) => [c.name, c.items.toLocaleString("en"), seconds(c.seconds), c.groups]), { left: ["class"], caption: "what there is by now" })
      : h("p", { class: "empty" }, "There are no recordings yet."));
  }

  function keys(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || document.querySelector("dialog[open]")) return;
    if (event.target.closest?.("input, select, textarea, [contenteditable]")) return;
    if (event.key === " ") {
      if (event.target.closest?.("button, a, audio, summary")) return; // it is theirs
      event.preventDefault();
      toggle();
    } else if (event.key === "r" || event.key === "R") again();
    else if (event.key === "z" || event.key === "Z" || event.key === "Backspace") remove(state.written[0]);
  }

  let sensor = "";
  const offs = [
    ctx.subscribe(["record"], (message) => show(message.state)),
    ctx.subscribe(["data"], refresh),
    ctx.onConnection((open) => { lost = !open; ready(); if (open) refresh(); }),
    ctx.subscribe(["node"], (message) => {
      const said = hindrance(message.state);
      hint.hidden = !said.length;
      const now = said.map((part) => part.textContent ?? part).join("");
      if (hint.textContent !== now) add(clear(hint), said);
      hindered = now;
      ready();
      form.know(message.state.sensor || null);
      const facts = JSON.stringify(message.state.sensor || null);
      if (facts !== sensor) { sensor = facts; refresh(); }
    }),
  ];
  document.addEventListener("keydown", keys);
  refresh();
  return () => {
    document.removeEventListener("keydown", keys);
    clearTimeout(timer);
    for (const off of offs) off();
    view.end();
    list.end();
  };
}

export default { title: "Record", css: true, mount };
