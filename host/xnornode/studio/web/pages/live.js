// What the node finds, beside its signal; what was wrong becomes a recording; what runs.

import { button, card, clear, field, h, number, select, table, text } from "/web/dom.js";
import { knowClasses, onTheme } from "/web/colours.js";
import { colourOf, LiveChart } from "/web/live_chart.js";
import { swatch } from "/web/live_pattern.js";
import { modelCard } from "/web/live_models.js";

const ROWS = 10; // predictions in the table
const HEADS = ["number", "class", "confidence", "scores", ""];
const SHOW = 120; // milliseconds from one change of numbers to the next
const SAY = 1000; // from one that is read aloud to the next
const LOG = 300; // lines of the node's text
const NOTES = 5; // warnings and errors that are shown
const SCORES = 300; // predictions whose scores say how long a bar can be
const SPANS = [10, 20, 30, 60];
const LONGEST = 80; // letters of a label
const MOST_SCORES = 12; // in a row of the table

let before = { port: null, last: [] }; // predictions that were shown when the page was left
const short = (name) => (name.length > LONGEST ? `${name.slice(0, LONGEST)}…` : name);

export default {
  title: "Live",
  mount(root, ctx) {
    const page = new LivePage(ctx);
    root.append(...page.parts());
    page.start();
    return () => page.end();
  },
};

class LivePage {
  constructor(ctx) {
    this.ctx = ctx;
    this.last = [];
    this.range = [];
    this.labels = [];
    this.dirty = false;
    this.said = "";
    this.ends = [];
    this.window = null; // seconds of the model's window, where that is known
  }

  parts() {
    const { ctx } = this;
    this.problem = h("div", { class: "note", hidden: true });
    this.why = h("span", {});
    this.again = button("Show the signal", () => ctx.attempt(ctx.post("/api/live/signal")), { kind: "quiet" });
    this.problem.append(this.why, " ", this.again);
    this.now = h("strong", {}, "–");
    this.sure = h("span", { class: "muted" });
    this.since = h("span", { class: "muted" });
    this.aloud = h("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });
    this.notes = h("div", { role: "status", "aria-label": "warnings of the node" });
    const place = h("div", {});
    this.chart = new LiveChart(place, { seconds: this.span(), onChoose: (entry) => this.chose(entry) });
    const span = select(SPANS.map((s) => [String(s), `${s} s`]), String(this.chart.seconds), {
      "aria-label": "length of the time axis",
      on: { change: () => { this.chart.seconds = Number(span.value); this.chart.dirty = true; localStorage.setItem("live-span", span.value); } },
    });
    span.className = "live-span";
    this.hold = button("Hold", () => this.holdStill(this.chart.held === null), { title: "have the picture stand still (H)" });
    this.hold.dataset.keys = "H=hold the picture, or let it go on;W=that was wrong";
    this.hold.setAttribute("aria-pressed", "false");
    this.wrong = button("That was wrong", () => this.openWrong(), { kind: "primary" });
    this.wrong.setAttribute("aria-expanded", "false");
    return [
      h("h1", {}, "Live"),
      card("Signal and predictions",
        h("div", { class: "spread" },
          h("p", { class: "live-now" }, this.now, this.sure, this.since),
          h("div", { class: "row" }, span, this.hold, this.wrong)),
        this.aloud, this.problem, place, this.wrongForm(), this.notes),
      h("div", { class: "columns" }, this.scoresCard(), this.countsCard()),
      h("div", { class: "columns" }, this.models(), this.lastCard()),
      this.logCard(),
    ];
  }

  span() {
    const kept = Number(localStorage.getItem("live-span"));
    return SPANS.includes(kept) ? kept : SPANS[0];
  }

  wrongForm() {
    const names = h("datalist", { id: "live-labels" }), groups = h("datalist", { id: "live-groups" });
    this.names = names;
    this.groups = groups;
    this.label = text({ list: "live-labels", maxlength: "63", required: true, on: { input: () => this.describeKeep() } });
    this.group = text({ list: "live-groups", maxlength: "63", value: localStorage.getItem("live-group") || "" });
    this.seconds = number({ min: "0.1", max: "60", step: "0.1", value: "2", on: { input: () => this.describeKeep() } });
    this.buttons = h("div", { class: "row", role: "group", "aria-label": "known classes" });
    this.keepButton = h("button", { type: "submit", class: "primary" }, "Keep");
    this.which = h("p", { class: "muted", role: "status" });
    this.missing = h("small", { class: "live-missing", id: "live-missing", role: "alert", hidden: true });
    const named = field("Right label", this.label, "what it really was");
    this.label.setAttribute("aria-describedby", `${this.label.getAttribute("aria-describedby")} live-missing`);
    named.append(this.missing);
    this.form = h("form", { class: "live-wrong", novalidate: true, hidden: true, "aria-label": "That was wrong",
      on: { submit: (event) => { event.preventDefault(); this.keep(); } } },
      this.which, this.buttons,
      h("div", { class: "fields" },
        named,
        field("Group", this.group, "who or what it was, as with other recordings; may be empty"),
        field("Seconds", this.seconds, "up to the moment that is chosen")),
      h("div", { class: "row" }, this.keepButton, button("Cancel", () => this.closeWrong())),
      names, groups);
    return this.form;
  }

  scoresCard() {
    this.scores = h("ul", { class: "live-scores" });
    this.noScores = h("p", { class: "empty" }, "no prediction yet");
    return card("Scores of the last prediction", this.noScores, this.scores);
  }

  countsCard() {
    this.counts = h("dl", { class: "facts" });
    return card("Counts", this.counts);
  }

  models() {
    this.modelsView = modelCard(this.ctx, (found) => {
      if (found.kept) this.classes(found.kept.labels);
      if (!found.window || this.window) return;
      this.window = found.window;
      this.seconds.value = String(Math.max(0.1, Number(found.window.toFixed(1))));
      this.describeKeep();
    });
    return this.modelsView.element;
  }

  lastCard() {
    this.table = h("div", {});
    return card(`The last ${ROWS} predictions`, this.table);
  }

  logCard() {
    this.log = h("div", { class: "live-log", role: "log", "aria-live": "off", tabindex: "0", "aria-label": "text of the node" });
    this.logCount = h("span", { class: "muted" });
    return h("section", { class: "card", "aria-label": "Text of the node" },
      h("details", {}, h("summary", {}, "Text that the node prints ", this.logCount), this.log));
  }

  start() {
    const { ctx } = this;
    const topics = ["node", "live", "live-problem", "prediction", "event", "text", "data"];
    this.ends.push(ctx.subscribe(topics, (message) => this.take(message)));
    const keys = (event) => this.key(event);
    document.addEventListener("keydown", keys);
    this.ends.push(() => document.removeEventListener("keydown", keys));
    this.ends.push(onTheme(() => { this.dirty = true; }));
    this.timer = setInterval(() => this.show(), SHOW);
    this.speaker = setInterval(() => this.speak(), SAY);
    this.makeTable();
    this.loadNames();
    this.state(ctx.state || {});
  }

  end() {
    before = { port: this.node?.port, last: this.last.slice(0, ROWS).map((p) => ({ ...p, run: null, old: true })) };
    this.ends.forEach((run) => run());
    clearInterval(this.timer);
    clearInterval(this.speaker);
    this.chart.end();
    this.modelsView.end();
  }

  async loadNames() {
    const found = await this.ctx.get("/api/live/names").catch(() => null);
    if (!found) return;
    this.dataLabels = found.labels;
    clear(this.groups).append(...found.groups.map((name) => h("option", { value: name })));
    this.labelChoices();
  }

  labelChoices() {
    const all = [...new Set([...this.labels, ...(this.dataLabels || [])])].filter(Boolean);
    clear(this.names).append(...all.map((name) => h("option", { value: name })));
    clear(this.buttons).append(...all.slice(0, 12).map((name) =>
      button(short(name), () => { this.label.value = name; this.describeKeep(); this.keepButton.focus(); })));
  }

  take(message) {
    switch (message.topic) {
      case "node": this.state(message.state); break;
      case "live": this.chart.block(message); break;
      case "live-problem": this.leftAlone = message.problem; this.silent = message.silent; this.state(this.node || {}); break;
      case "prediction": this.prediction(message.prediction); break;
      case "event": this.event(message.event); break;
      case "text": this.printed(message.text); break;
      case "data": this.loadNames(); break;
    }
  }

  state(state) {
    this.node = state;
    if (state.port && state.port === before.port && !this.last.length) this.last = [...before.last];
    if (state.ready) this.classes(state.ready.labels);
    if (this.silent && (state.hello || state.ready)) { // it has said what it runs: nothing is interrupted
      this.silent = false;
      this.ctx.post("/api/live/signal").catch(() => {});
    }
    this.showProblem();
    this.modelsView.state(state);
    this.dirty = true;
  }

  /** The classes of the model, where they are known; else they are learnt from predictions. */
  classes(labels) {
    if (labels.join("\n") === this.labels.join("\n")) return;
    this.labels = [...labels];
    this.range = [];
    knowClasses(labels.filter(Boolean));
    this.labelChoices();
    this.dirty = true;
  }

  /** Why there is no signal, or no node. */
  showProblem() {
    const s = this.node || {};
    let why = "", kind = "warn";
    if (!s.port) { why = "No node is chosen: plug one in, and choose it on the page Node."; kind = ""; }
    else if (!s.connected) why = s.problem || `${s.port} is away: it is followed again as soon as it is back.`;
    else if (this.leftAlone) { why = `No signal: ${this.leftAlone}.`; kind = ""; }
    else if (s.stream_problem) { why = `No signal: ${s.stream_problem}`; kind = ""; }
    this.problem.hidden = !why;
    this.problem.className = `note ${kind}`;
    if (this.why.textContent !== why) this.why.textContent = why;
    this.again.hidden = !(s.port && this.leftAlone);
  }

  prediction(p) {
    const entry = this.chart.prediction(p);
    this.modelsView.predicted(p);
    if (!this.node?.ready && this.labels[p.index] !== p.label) {
      const known = this.labels.length <= p.scores.length ? this.labels : [];
      this.classes(p.scores.map((_, i) => (i === p.index ? p.label : known[i] ?? "")));
    }
    this.last.unshift(entry);
    if (this.last.length > 50) this.last.pop();
    this.range.push(...[p.scores].filter((s) => s.length).map((s) => [Math.min(...s), Math.max(...s)]));
    if (this.range.length > SCORES) this.range.splice(0, this.range.length - SCORES);
    this.dirty = true;
  }

  event(e) {
    if (e.label !== undefined) { this.chart.event(e); return; }
    const text = (e.error || e.warning || "").slice(0, 1000);
    if (!text) return;
    const at = new Date().toLocaleTimeString();
    this.notes.prepend(h("div", { class: `note ${e.error ? "bad" : "warn"}` }, `${at}  the node ${e.error ? "says" : "warns"}: ${text}`));
    while (this.notes.children.length > NOTES) this.notes.lastChild.remove();
  }

  printed(text) {
    const atEnd = this.log.scrollTop + this.log.clientHeight >= this.log.scrollHeight - 4;
    this.log.append(h("div", {}, text));
    while (this.log.children.length > LOG) this.log.firstChild.remove();
    this.logCount.textContent = `(${this.log.children.length} lines)`;
    if (atEnd) this.log.scrollTop = this.log.scrollHeight;
  }

  show() {
    if (!this.dirty) return;
    this.dirty = false;
    const p = this.last[0];
    if (p) {
      this.now.textContent = short(p.name);
      this.sure.textContent = p.confidence === null ? "" : `${(100 * p.confidence).toFixed(0)} % sure`;
      const away = this.node?.port && !this.node.connected;
      this.since.textContent = away ? "the last one: the node is away" : p.old ? "before this page was opened" : p.model ? `by ${p.model}, revision ${p.revision ?? "–"}` : "";
      this.showScores(p);
      if (this.chart.held === null) this.showTable();
    }
    this.showCounts(p);
  }

  showScores(p) {
    this.noScores.hidden = true;
    const low = Math.min(...this.range.map((r) => r[0])), high = Math.max(...this.range.map((r) => r[1]));
    if (this.scores.children.length !== p.scores.length || this.scoresOf !== this.labels) {
      this.scoresOf = this.labels;
      clear(this.scores).append(...p.scores.map((_, i) =>
        h("li", {}, h("span", {}, this.labels[i] && swatch(colourOf(this.labels[i])), short(this.labels[i] || `class ${i}`)),
          h("div", { class: "live-track", "aria-hidden": "true" }, h("div", {})), h("output", {}))));
    }
    [...this.scores.children].forEach((row, i) => {
      const [name, track, value] = row.children;
      row.className = i === p.index ? "first" : "";
      track.firstChild.style.width = `${high > low ? (100 * (p.scores[i] - low)) / (high - low) : 0}%`;
      value.textContent = p.scores[i].toLocaleString("en");
    });
  }

  showCounts(p) {
    const s = this.node || {};
    const same = this.last.filter((q) => q.run === p?.run).slice(0, 20);
    const first = same[same.length - 1];
    const rate = same.length > 1 && p.ms > first.ms ? ((p.seq - first.seq) * 1000) / (p.ms - first.ms) : 0;
    const n = (value) => (value === undefined ? "–" : value.toLocaleString("en"));
    const sensor = s.sensor;
    const rows = [
      ["Predictions", n(s.predictions)],
      ["Lost on the way", n(s.lost)],
      ["Damaged lines", n(s.damaged)],
      ["Starts of the program seen", n(s.restarts)],
      ["Port away and back", n(s.reconnections)],
      ["Predictions a second", rate ? rate.toFixed(rate < 10 ? 2 : 1) : "–"],
      ["Time of the last one", p ? `${p.us.toLocaleString("en")} µs` : "–"],
      ["Sensor", sensor ? `${sensor.sensor}, ${(sensor.rate_mhz / 1000).toLocaleString("en")} Hz` : "–"],
    ];
    const flat = rows.join("|");
    if (flat === this.countsWere) return;
    this.countsWere = flat;
    clear(this.counts).append(...rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
  }

  /** Ten rows that stay, so that a button is where it was when it is pressed. */
  makeTable() {
    this.rows = Array.from({ length: ROWS }, (_, i) => {
      const cells = HEADS.slice(0, -1).map(() => h("span", {}));
      const wrong = button("Wrong", () => { this.chart.choose(this.rows[i].shown); this.openWrong(); }, { kind: "quiet" });
      return { cells, wrong, shown: null };
    });
    const made = table(HEADS, this.rows.map((row) => [...row.cells, row.wrong]), { left: ["class", "scores", ""], caption: "newest first" });
    [...made.querySelectorAll("tbody tr")].forEach((tr, i) => { this.rows[i].tr = tr; tr.hidden = true; });
    this.none = h("p", { class: "empty" }, "no prediction yet");
    this.table.append(this.none, made);
    made.hidden = true;
    this.made = made;
    this.scoresHead = made.querySelector("th:nth-child(4)");
  }

  showTable() {
    if (this.table.matches(":hover, :focus-within")) return; // nothing moves away under a hand
    const names = this.labels.slice(0, MOST_SCORES).map((name, i) => short(name || `class ${i}`)).join(" · ");
    const head = names ? `scores: ${names}` : "scores";
    if (this.scoresHead.textContent !== head) this.scoresHead.textContent = head;
    this.none.hidden = this.last.length > 0;
    this.made.hidden = !this.last.length;
    this.rows.forEach((row, i) => {
      const p = this.last[i];
      row.tr.hidden = !p;
      if (!p || row.shown === p) return;
      row.shown = p;
      row.wrong.disabled = Boolean(p.old); // its samples are not in this picture
      const scores = p.scores.slice(0, MOST_SCORES).map((s) => s.toLocaleString("en")).join(" · ") + (p.scores.length > MOST_SCORES ? " …" : "");
      const texts = [String(p.seq), short(p.name), p.confidence === null ? "–" : `${(100 * p.confidence).toFixed(0)} %`, scores];
      texts.forEach((text, k) => { row.cells[k].textContent = text; });
      row.wrong.setAttribute("aria-label", `prediction ${p.seq}, ${short(p.name)}, was wrong`);
    });
  }

  /** At most once a second, and only where something is new. */
  speak() {
    const p = this.last[0];
    const now = p ? `${short(p.name)}${p.confidence === null ? "" : `, ${(100 * p.confidence).toFixed(0)} %`}` : "";
    this.chart.canvas.setAttribute("aria-label", `signal and predictions of the last ${this.chart.seconds} s; now ${now || "nothing"}`);
    if (!p || p.name === this.said) return;
    this.said = p.name;
    this.aloud.textContent = now;
  }

  holdStill(on) {
    this.chart.hold(on);
    this.hold.setAttribute("aria-pressed", String(on));
    this.hold.textContent = on ? "Go on" : "Hold";
    this.dirty = true;
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape" && !this.form.hidden) { this.closeWrong(); return; }
    if (event.target.closest?.("input, select, textarea")) return;
    const key = event.key.toLowerCase();
    if (key === "h") this.holdStill(this.chart.held === null);
    else if (key === "w") { event.preventDefault(); this.openWrong(); }
  }

  /** A prediction was chosen in the chart or the table. */
  chose(entry) {
    if (entry && this.chart.held === null) this.holdStill(true);
    this.describeKeep();
  }

  openWrong() {
    this.holdStill(true);
    if (!this.chart.chosen && this.last[0] && !this.last[0].old) this.chart.choose(this.last[0]);
    this.chart.marked = true;
    this.form.hidden = false;
    this.wrong.setAttribute("aria-expanded", "true");
    this.label.value = "";
    this.miss("");
    this.describeKeep();
    (this.buttons.querySelector("button") || this.label).focus();
  }

  closeWrong() {
    this.form.hidden = true;
    this.wrong.setAttribute("aria-expanded", "false");
    this.chart.marked = false;
    this.chart.dirty = true;
    this.chart.choose(null);
    this.holdStill(false);
    this.wrong.focus();
  }

  describeKeep() {
    const seconds = Number(this.seconds.value), p = this.chart.chosen;
    this.chart.keep = seconds > 0 ? seconds : 0;
    this.chart.dirty = true;
    this.which.textContent = p
      ? `Prediction ${p.seq} said ${short(p.name)}. Another one: choose it in the chart or the table.`
      : "The newest samples are kept. To choose a moment, click it in the chart.";
    if (this.label.value.trim()) this.miss("");
    this.keepButton.textContent = `Keep ${seconds || "…"} s${this.label.value ? ` as ${this.label.value}` : ""}`;
    for (const one of this.buttons.children) one.setAttribute("aria-pressed", String(one.textContent === this.label.value));
  }

  /** Say at the field what is missing. */
  miss(text) {
    this.missing.hidden = !text;
    this.missing.textContent = text;
    if (text) this.label.setAttribute("aria-invalid", "true"); else this.label.removeAttribute("aria-invalid");
  }

  async keep() {
    const { ctx } = this;
    this.miss(this.label.value.trim() ? "" : "Say what it was: choose a class above, or type its name.");
    if (!this.missing.hidden) { this.label.focus(); return; }
    const p = this.chart.chosen, place = p ? this.chart.place(p) : null;
    if (p && !place) { ctx.toast("the samples of this prediction did not come: there is nothing to keep", "bad"); return; }
    const wish = { label: this.label.value, group: this.group.value, seconds: Number(this.seconds.value), ...(place || {}) };
    this.keepButton.disabled = true;
    const made = await ctx.attempt(ctx.post("/api/live/keep", wish));
    this.keepButton.disabled = false;
    if (!made) return;
    localStorage.setItem("live-group", this.group.value);
    ctx.toast(`kept ${made.seconds.toFixed(1)} s as ${made.path}: the next training has it`, "good");
    for (const warning of made.warnings) ctx.toast(`${made.path}: ${warning}`);
    this.closeWrong();
  }
}
