// What is wrong with the node, as `xnornode doctor` finds it, with the remedies as buttons.

import { h, button, card, clear } from "/web/dom.js";
import { jobSlot } from "/web/job_view.js";

const LOOK = 700; // milliseconds from one look at what has been found to the next
const LEVELS = { ok: ["ok", "good"], warning: ["warning", "warn"], failure: ["failure", "bad"] };

/** The card. An element with `.start()` and `.end()`. actions: from a name in errors.py to [text, function]. */
export function doctorCard(ctx, actions) {
  const run = button("Look it over", () => element.start());
  const slot = jobSlot(ctx, {
    fits: (job) => job.kind === "doctor",
    view: (job) => findings(job, ctx, actions),
    onJob: (job) => { run.disabled = job?.state === "running"; },
  });
  const element = card("What is wrong?",
    h("p", { class: "muted" }, "Looks at the port, the node, its model and its predictions. A program that does not answer is interrupted, and started again."),
    h("div", { class: "row" }, run), slot);
  element.start = (reset = false) => ctx.attempt(ctx.post("/api/node/doctor", { reset })).then(slot.look);
  element.end = slot.end;
  return element;
}

function findings(job, ctx, actions) {
  const list = h("ul", { class: "rows" }), sum = h("p", { role: "status" });
  const stop = button("Stop", () => ctx.attempt(ctx.post(`/api/jobs/${job.id}/stop`)), { kind: "danger" });
  const node = h("div", { class: "stack" }, sum, h("div", { role: "log", "aria-label": "findings" }, list), stop, h("details", {}, h("summary", {}, "As a command"), h("code", {}, job.command.replace(" --json", ""))));
  let shown = 0, over = false, timer = 0;
  const counts = { ok: 0, warning: 0, failure: 0 };

  async function look() {
    try {
      const now = await ctx.get(`/api/jobs/${job.id}`);
      const { text: output } = await ctx.get(`/api/jobs/${job.id}/output`);
      if (over) return;
      const runs = now.job.state === "running";
      const lines = output.split("\n").slice(0, runs ? -1 : undefined).filter(Boolean);
      for (const line of lines.slice(shown)) show(line);
      shown = Math.max(shown, lines.length);
      tell(now.job, runs);
      if (runs) timer = setTimeout(look, LOOK);
    } catch (error) { if (!over) { sum.textContent = error.message; stop.hidden = true; } }
  }

  function tell(now, runs) {
    stop.hidden = !runs;
    const at = new Date(now.started * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    const where = `${job.about.port ? `${job.about.port}, ` : ""}${at}: `;
    const found = [counts.failure && `${counts.failure} to be put right`, counts.warning && `${counts.warning} to look at`].filter(Boolean).join(", ");
    const words = runs ? "Looking …" : now.state === "stopped" ? "Stopped."
      : !shown ? now.error || "It has found nothing to look at." : `${where}${found || "nothing is wrong"}.`;
    if (sum.textContent !== words) sum.textContent = words;
  }

  function show(line) {
    let found;
    try { found = JSON.parse(line); } catch { return; }
    counts[found.level] += 1;
    const [word, kind] = LEVELS[found.level] || [found.level, ""];
    const action = actions[found.action];
    list.append(h("li", {},
      h("div", {}, h("span", { class: `tag ${kind}` }, word), " ", h("span", { class: "said" }, found.text)),
      found.remedy && h("div", { class: "muted" }, found.remedy),
      action && h("div", { class: "row" }, button(action[0], action[1]))));
  }

  look();
  node.end = () => { over = true; clearTimeout(timer); clear(list); };
  return node;
}
