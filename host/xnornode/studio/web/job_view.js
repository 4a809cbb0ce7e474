// A command that runs for the studio, or has ended: how far it is, what it says, and Stop.

import { h, button, clear, seconds, table } from "/web/dom.js";

const LINES = 300; // of talk that are shown at most
const ANSWER = 2000; // lines that one answer of the studio has at most
const STATES = {
  running: ["running", ""], done: ["done", "good"], failed: ["failed", "bad"],
  stopped: ["stopped", "warn"], lost: ["ended without a word", "warn"],
};

/**
 * A view of one job, an element. `element.end()` when it is no longer shown; `element.job`: what is
 * known of the job. onEnd(job): once, when the job has ended, also if it had before. onTalk(entry):
 * each entry of its talk (docs/reference/talk.md). onResume(job): instead of showing the job that
 * goes on. log: whether its lines are open to view from the start.
 */
export function jobView(id, ctx, { onEnd, onTalk, onResume, log = true } = {}) {
  const title = h("h3", {}, "…"), state = h("span", { class: "tag" }, "…");
  const bar = h("progress", { "aria-label": "progress", hidden: true });
  const far = h("small", {}), error = h("div", { class: "note bad", role: "alert", hidden: true });
  const lines = h("div", { class: "job-lines", role: "log", "aria-label": "what the command says" });
  const output = h("pre", { class: "job-output", tabindex: "0", "aria-label": "result", hidden: true });
  const said = h("details", { open: log, hidden: true }, h("summary", {}, "What it says"), lines);
  const command = h("code", {});
  const asCommand = h("details", { hidden: true }, h("summary", {}, "As a command"), h("div", { class: "row" },
    command, button("Copy", () => copy(command.textContent, ctx), { kind: "quiet" })));
  const stop = button("Stop", () => ctx.attempt(ctx.post(`/api/jobs/${id}/stop`)), { kind: "danger" });
  const again = button("Go on", resume, { title: "go on where it stopped" });
  const acts = h("div", { class: "row" }, stop, again);
  const node = h("div", { class: "job stack" },
    h("div", { class: "spread" }, title, h("div", { class: "row", role: "status" }, state)),
    bar, far, error, output, said, asCommand, acts);
  let count = 0, busy = false, more = false, ended = false, over = false;
  stop.hidden = again.hidden = true;

  async function resume() {
    const job = await ctx.attempt(ctx.post(`/api/jobs/${id}/resume`));
    if (!job) return;
    if (onResume) { onResume(job.job); return; }
    id = job.job.id;
    count = 0; ended = false; error.hidden = true;
    clear(lines);
    await load();
  }

  function show(job) {
    node.job = job;
    title.textContent = job.title;
    const [word, kind] = STATES[job.state] || [job.state, ""];
    const took = job.ended && job.started ? `, ${seconds(Math.max(0, job.ended - job.started))}` : "";
    state.textContent = word + took;
    state.className = `tag ${kind}`;
    command.textContent = job.command;
    asCommand.hidden = !job.command;
    stop.hidden = job.state !== "running";
    again.hidden = job.state === "running" || !job.resumable;
    acts.hidden = stop.hidden && again.hidden;
    if (job.state === "running") {
      bar.hidden = false;
      if (job.progress) take({ progress: job.progress }); else if (bar.hidden) bar.removeAttribute("value");
      stop.disabled = job.stopping;
      return;
    }
    bar.hidden = true;
    far.textContent = "";
    if (job.error && job.state !== "done") { error.textContent = job.error; error.hidden = false; }
    if (!ended) finish(job);
  }

  async function finish(job) {
    ended = true;
    await pull();
    try {
      const { text } = await ctx.get(`/api/jobs/${id}/output`);
      output.textContent = text || "";
      output.hidden = !text;
      if (text && job.state === "done") said.open = false;
    } catch { output.hidden = true; }
    if (!over) onEnd?.(job);
  }

  function take(entry) {
    if (entry.progress) {
      const { done, total, text } = entry.progress;
      bar.hidden = ended;
      if (total) { bar.max = total; bar.value = Math.min(done, total); } else bar.removeAttribute("value");
      far.textContent = ended ? "" : text || (total ? `${Math.round((100 * done) / total)} %` : "");
    } else if (entry.say !== undefined) line(entry.say);
    else if (entry.node !== undefined) line(entry.node, "node");
    else if (entry.table) {
      line(table(entry.table.heads, entry.table.rows, { left: entry.table.left, caption: "table of the command" }));
    } else if (entry.error !== undefined) { error.textContent = entry.error; error.hidden = false; }
    onTalk?.(entry);
  }

  /** A line with a number: each is taken once, in its order. */
  function numbered(entry) {
    if (entry.n > count) { count = entry.n; take(entry); }
  }

  function heard(talk) {
    for (const entry of talk) {
      if (entry.n === undefined) take(entry);
      else if (entry.n <= count + 1) numbered(entry);
      else { pull(); return; } // some were said before this page listened
    }
  }

  function line(what, from = "") {
    said.hidden = false;
    lines.append(h("div", { class: from ? "muted" : "" }, from && `${from}: `, what));
    while (lines.children.length > LINES) lines.firstChild.remove();
    lines.scrollTop = lines.scrollHeight;
  }

  /** Take what the command has said since the last time. */
  async function pull() {
    if (busy) { more = true; return; }
    busy = true;
    try {
      do {
        more = false;
        const mine = id, answer = await ctx.get(`/api/jobs/${id}/talk?after=${count}`);
        if (over || mine !== id) break;
        const talk = answer.talk;
        talk.forEach(numbered);
        more = more || talk.length >= ANSWER;
      } while (more);
    } catch (problem) { fail(problem); } finally { busy = false; }
  }

  async function load() {
    try {
      const job = await ctx.get(`/api/jobs/${id}`);
      if (over) return;
      show(job.job);
      await pull();
    } catch (problem) { fail(problem); }
  }

  function fail(problem) {
    if (over) return;
    state.textContent = "not known";
    error.textContent = problem.message;
    error.hidden = false;
  }

  const leave = ctx.subscribe(["jobs", "job"], (message) => {
    if (message.topic === "job") { if (message.id === id) heard(message.talk); return; }
    const job = message.jobs.find((each) => each.id === id);
    if (job) show(job);
  });
  const watch = ctx.onConnection((open) => { if (open) load(); });
  node.end = () => { over = true; leave(); watch(); };
  load();
  return node;
}

/** Put a text on the clipboard; where a browser refuses, it can be marked by hand. */
export async function copy(text, ctx) {
  try {
    await navigator.clipboard.writeText(text);
    ctx.toast("copied");
  } catch { ctx.toast("this browser does not allow it: mark the text and copy it"); }
}

/**
 * Shows the newest job of some kinds, also one that another page began. An element with `.end()`.
 * fits(job): whether it is one for here. view(job): makes what is shown, an element with `.end()`.
 * onJob(job or null), onJobs(jobs): after each change of a job.
 */
export function jobSlot(ctx, { fits, view, onJob, onJobs }) {
  const slot = h("div", {});
  let shown = null, id = "";
  const take = ({ jobs }) => {
    const job = jobs.filter(fits).sort((a, b) => b.started - a.started)[0];
    onJob?.(job || null);
    onJobs?.(jobs);
    if ((job?.id || "") === id) return;
    shown?.end();
    id = job?.id || "";
    shown = job ? view(job) : null;
    slot.replaceChildren(...(shown ? [shown] : []));
  };
  const leave = ctx.subscribe(["jobs"], take);
  const load = () => ctx.get("/api/jobs").then(take, () => {});
  const watch = ctx.onConnection((open) => { if (open) load(); });
  load();
  slot.look = load;
  slot.end = () => { leave(); watch(); shown?.end(); };
  return slot;
}
