// What the node finds, beside its signal; what was wrong becomes a recording; what runs.

import { button, card, h, select } from "/web/dom.js";
import { knowClasses, onTheme } from "/web/colours.js";
import { LiveChart } from "/web/live_chart.js";
import { modelCard } from "/web/live_models.js";
import { colour, Numbers } from "/web/live_numbers.js";
import { short } from "/web/live_wrong.js";

const SHOW = 120; // milliseconds from one change of numbers to the next
const SAY = 1000; // from one that is read aloud to the next
const LOG = 300; // lines of the node's text
const NOTES = 5; // warnings and errors that are shown
const SCORES = 300; // predictions whose scores say how long a bar can be
const SPANS = [10, 20, 30, 60];
const KEPT = 10; // predictions that are shown again when the page is

let before = { port: null, last: [] }; // predictions that were shown when the page was left

export default {
  title: "Live",
  mount(root, ctx) {
    const page = new LivePage(ctx);
    root.append(...page.parts());
    page.start();
    return () => page.end();
  },
};

class LivePage extends Numbers {
  constructor(ctx) {
    super();
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
    before = { port: this.node?.port, last: this.last.slice(0, KEPT).map((p) => ({ ...p, run: null, old: true })) };
    this.ends.forEach((run) => run());
    clearInterval(this.timer);
    clearInterval(this.speaker);
    this.chart.end();
    this.modelsView.end();
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
      this.now.style.color = colour(p.name);
      this.sure.textContent = p.confidence === null ? "" : `${(100 * p.confidence).toFixed(0)} % sure`;
      const away = this.node?.port && !this.node.connected;
      this.since.textContent = away ? "the last one: the node is away" : p.old ? "before this page was opened" : p.model ? `by ${p.model}, revision ${p.revision ?? "–"}` : "";
      this.showScores(p);
      if (this.chart.held === null) this.showTable();
    }
    this.showCounts(p);
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
}
