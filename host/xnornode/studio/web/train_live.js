// A training or a search while it runs, and as it was: steps, curves, the networks that are tried.

import { h, add, button, card, clear, percent, seconds, table } from "/web/dom.js";
import { lineChart } from "/web/chart.js";
import { copy } from "/web/job_view.js";
import { scatter } from "/web/train_scatter.js";
import { followJob } from "/web/train_talk.js";

const SHOWN = 24; // networks in the table before "all" is asked for
const LINES = 200; // of talk
const MOST_EPOCHS = 5000;
const STATES = { running: ["runs", ""], done: ["done", "good"], failed: ["failed", "bad"], stopped: ["stopped", "warn"], lost: ["was killed", "warn"] };
const ms = (x) => (x === undefined || x === null ? "" : `${x < 10 ? x.toPrecision(2) : x.toFixed(1)} ms`);
const rank = { chosen: 0, tried: 1, trying: 2, "left out": 3 };

/**
 * Show a training's job. onEnd(job) when it has ended, also if it had before; onAgain(job, anew): it is
 * to go on, or to begin anew; onChange(job): with other options. Gives {node, end()}.
 */
export function trainLive(id, ctx, { onEnd, onAgain, onChange }) {
  const state = h("span", { class: "tag" }, "…"), step = h("p", { role: "status" }, "…"), left = h("small", {});
  const bar = h("progress", { "aria-label": "progress", max: 1 });
  const error = h("div", { class: "note bad", role: "alert", hidden: true });
  const stop = button("Stop", askStop, { kind: "danger" }), again = button("Go on", () => onAgain(known, false), { kind: "primary" });
  const change = button("Change the options", () => onChange(known));
  const anew = button("From the beginning", () => onAgain(known, true));
  const command = h("code", { class: "command" });
  const log = h("div", { class: "job-lines", role: "log", tabindex: "0", "aria-label": "what the command says" });
  const curves = h("div", { class: "columns", hidden: true }), tried = h("div", { class: "stack" }), clouds = h("div", { class: "columns", hidden: true });
  const title = h("h2", {}, "Training");
  const node = h("section", { class: "card stack", "aria-label": "the training" },
    h("div", { class: "spread" }, title, state), step, bar, left, error,
    h("div", { class: "row" }, stop, again, anew, change), clouds, tried, curves,
    h("details", {}, h("summary", {}, "What it says"), log),
    h("details", {}, h("summary", {}, "As a command"), h("div", { class: "row command-row" }, command, button("Copy", () => copy(command.textContent, ctx), { kind: "quiet" }))));
  let known = null, over = false, ended = false, drawn = 0, charts = null, plots = null, pace = null, all = false;
  const candidates = new Map(), epochs = [], teacher = [];
  again.hidden = anew.hidden = change.hidden = true;

  async function askStop() {
    const says = stopSays();
    const sure = await ctx.confirm({ title: `Stop the ${known?.kind === "search" ? "search" : "training"}?`, text: says, ok: "Stop", danger: true });
    if (!sure) return;
    const late = () => ctx.toast("It had ended already: nothing was stopped.");
    if (ended) { late(); return; }
    try { await ctx.post(`/api/jobs/${id}/stop`); } catch (problem) { // it may end while it is asked to
      const now = await ctx.get(`/api/jobs/${id}`).catch(() => null);
      if (now && now.job.state !== "running") late(); else ctx.toast(problem.message, "bad");
    }
  }

  /** What a stop keeps of what was done so far. */
  function stopSays() {
    if (known?.kind === "search") return known.stopping ? "It ends at once, without a model of its best network." : "The best network so far is trained on all training data and written. Stop again to end at once.";
    if (epochs.length || teacher.length) return "What was trained is kept: Go on continues from there.";
    const list = [...candidates.values()];
    if (list.some((one) => one.state === "chosen")) return "The choice of the network is kept. Nothing has been trained with it yet.";
    if (list.length) return "Networks are still being tried. Which one is chosen is kept when all have been tried: stopped now, it starts from the beginning the next time.";
    return "Nothing has been trained yet: it starts from the beginning the next time.";
  }

  function onJob(job) {
    known = job;
    title.textContent = job.title;
    command.textContent = job.command;
    const running = job.state === "running", [word, kind] = STATES[job.state] || [job.state, ""];
    state.textContent = running && job.stopping ? "stopping …" : word + (job.ended ? ` after ${seconds(Math.max(0, job.ended - job.started))}` : "");
    state.className = `tag ${kind}`;
    stop.hidden = !running;
    stop.textContent = job.stopping ? "Stop at once" : "Stop";
    bar.hidden = left.hidden = !running;
    again.hidden = running || job.state === "done" || Boolean(job.went_on);
    change.hidden = again.hidden;
    anew.hidden = again.hidden || !job.resumable;
    again.textContent = job.resumable ? "Go on" : "Start again";
    if (running && job.progress) progress(job.progress);
    if (running) return;
    step.textContent = job.went_on ? "It has been gone on with." : job.state === "done" ? "Done." : job.resumable ? "What was trained is kept: it can go on." : "It left nothing to go on from.";
    if (job.error) { error.textContent = job.error; error.hidden = false; }
    draw();
    if (!ended) { ended = true; onEnd?.(job); }
  }

  function progress({ done, total, text }) {
    if (known && known.state !== "running") return;
    step.textContent = text;
    if (total) { bar.max = total; bar.value = Math.min(done, total); } else bar.removeAttribute("value");
    const now = performance.now() / 1000;
    if (!pace || pace.total !== total || done < pace.done) pace = { total, done, from: done, at: now };
    pace.done = done;
    const part = done - pace.from;
    const rest = part > 0 ? ((now - pace.at) * (total - done)) / part : 0;
    left.textContent = total && now - pace.at > 2 && rest >= 1 ? `about ${seconds(rest)} left of this step` : "";
  }

  function onLines(lines) {
    for (const line of lines) {
      if (line.progress) progress(line.progress);
      else if (line.epoch) { const list = line.epoch.teacher ? teacher : epochs; if (list.length < MOST_EPOCHS) list[line.epoch.number - 1] = line.epoch; }
      else if (line.candidate) candidates.set(line.candidate.number, { ...candidates.get(line.candidate.number), ...line.candidate });
      else if (line.say !== undefined) say(line.say);
      else if (line.error !== undefined) { error.textContent = line.error; error.hidden = false; }
    }
    if (!drawn) drawn = requestAnimationFrame(() => { drawn = 0; if (!over) draw(); });
  }

  function say(what) {
    log.append(h("div", { class: what.startsWith("warning:") ? "warn-text" : "" }, what));
    while (log.children.length > LINES) log.firstChild.remove();
  }

  function draw() {
    if (epochs.length || teacher.length) drawCurves();
    if (candidates.size) drawCandidates();
  }

  function drawCurves() {
    const count = Math.max(epochs.length, teacher.length), x = Array.from({ length: count }, (_, i) => i + 1);
    const of = (list, get) => x.map((_, i) => (list[i] ? get(list[i]) : null));
    const loss = [{ label: "training", values: of(epochs, (e) => e.loss), colour: "--c1" }];
    const accuracy = [{ label: "training", values: of(epochs, (e) => 100 * e.accuracy), colour: "--c1" }];
    if (epochs.some((e) => e && e.validation !== null)) accuracy.push({ label: "validation", values: of(epochs, (e) => (e.validation === null ? null : 100 * e.validation)), colour: "--c2" });
    if (teacher.length) {
      loss.push({ label: "teacher", values: of(teacher, (e) => e.loss), colour: "--c4", dash: [6, 4] });
      accuracy.push({ label: "teacher", values: of(teacher, (e) => 100 * e.accuracy), colour: "--c4", dash: [6, 4] });
    }
    const last = epochs.at(-1) || teacher.at(-1);
    const says = `epoch ${last.number} of ${last.of}: loss ${last.loss?.toFixed(3) ?? "not a number"}, training ${percent(last.accuracy)}${last.validation === null ? "" : `, validation ${percent(last.validation)}`}`;
    if (!charts) {
      curves.hidden = false;
      charts = [lineChart(curves.appendChild(h("div", {})), { title: "Accuracy (%)", xLabel: "epoch" }), lineChart(curves.appendChild(h("div", {})), { title: "Loss", xLabel: "epoch" })];
      curves.after(h("p", { class: "muted", "data-says": "curves" }));
    }
    charts[0].update({ x, series: accuracy, says: `Accuracy, ${says}` });
    charts[1].update({ x, series: loss, says: `Loss, ${says}` });
    node.querySelector("[data-says]").textContent = `${last.teacher ? "Teacher: " : ""}${says}`;
  }

  function drawCandidates() {
    const list = [...candidates.values()], search = list.some((c) => c.ram !== undefined);
    list.sort((a, b) => (rank[a.state] - rank[b.state]) || (search ? (b.round || 0) - (a.round || 0) || (b.accuracy || 0) - (a.accuracy || 0) : a.number - b.number));
    const shown = all ? list : list.slice(0, SHOWN);
    const tag = (c) => (c.state === "tried" ? (c.front ? "on the front" : "") : [h("span", { class: `tag ${c.state === "chosen" ? "good" : c.state === "left out" ? "warn" : ""}` }, c.state), why(c)]);
    const best = Math.max(...list.map((c) => c.accuracy ?? 0));
    const why = (c) => !search && c.state === "chosen" && c.accuracy < best && h("small", {}, " the smallest within one standard error of the best");
    const accuracy = (c) => (c.accuracy === undefined ? "" : percent(c.accuracy) + (c.error === undefined ? "" : ` ± ${(100 * c.error).toFixed(1)}`));
    const heads = search ? ["network", "accuracy", "bytes", "a window", "RAM", "epochs", " "] : ["network", "accuracy", "behind", "bytes", "a window", "took", " "];
    const rows = shown.map((c) => {
      const about = [c.network + (c.why ? `: ${c.why}` : ""), accuracy(c)];
      const size = c.bytes?.toLocaleString("en") ?? "";
      return search ? [...about, size, ms(c.milliseconds), c.ram?.toLocaleString("en") ?? "", c.epochs ?? "", tag(c)]
        : [...about, c.behind ? `${(100 * c.behind).toFixed(1)} ± ${(100 * c.behind_error).toFixed(1)}` : "", size, ms(c.milliseconds), c.seconds === undefined ? "" : seconds(c.seconds), tag(c)];
    });
    const open = tried.querySelector(".scroll")?.scrollLeft || 0;
    clear(tried);
    add(tried, [h("h3", {}, "Networks"), table(heads, rows, { left: ["network", " "], caption: search ? "Accuracy on training data that was left out" : "Cross-validation within the training data" }),
      list.length > shown.length && button(`Show all ${list.length}`, () => { all = true; draw(); }, { kind: "quiet" })]);
    tried.querySelector(".scroll").scrollLeft = open;
    if (search) drawClouds(list);
  }

  function drawClouds(list) {
    const value = (option) => { const argv = known?.argv || [], at = argv.indexOf(option); return at < 0 ? null : Number(argv[at + 1]); };
    if (!plots) {
      if (!known) return;
      clouds.hidden = false;
      plots = [scatter("Accuracy over bytes", "bytes of the model", value("--bytes")), scatter("Accuracy over time", "ms a window, estimated", value("--ms"))];
      add(clouds, plots.map((plot) => plot.node));
    }
    const rounds = Math.max(...list.map((c) => c.round || 0));
    const points = (get) => list.filter((c) => c.accuracy !== undefined && get(c) > 0).map((c) => ({ x: get(c), y: c.accuracy, text: c.network, best: c.state === "chosen", old: c.round < rounds }));
    plots[0].update(points((c) => c.bytes));
    plots[1].update(points((c) => c.milliseconds));
  }

  /** What the job said that this one goes on from: its curves and networks are this one's, too. */
  async function before(which) {
    const { jobs } = await ctx.get("/api/jobs");
    const older = jobs.find((job) => job.went_on === which);
    if (!older || over) return;
    await before(older.id);
    for (let count = 0, more = true; more && !over;) {
      const { talk } = await ctx.get(`/api/jobs/${older.id}/talk?after=${count}`);
      more = talk.length > 0;
      if (more) count = talk.at(-1).n;
      onLines(talk.filter((line) => line.epoch || line.candidate));
    }
  }

  let leave = () => {};
  const follow = () => { if (!over) leave = followJob(id, ctx, { onLines, onJob, onProblem: (problem) => { error.textContent = problem.message; error.hidden = false; } }); };
  before(id).then(follow, follow);
  return { node, end() { over = true; leave(); charts?.forEach((chart) => chart.end()); } };
}
