// What the node runs and ran before; rollback and push.

import { busy, bytes, button, card, check, clear, h, select } from "/web/dom.js";
import { jobSlot, jobView } from "/web/job_view.js";

const KINDS = ["push", "rollback"];
const RECENT = 600; // seconds for which a command that has ended is still shown

/** The card. onFound(answer): what the node has was read. Gives {element, state(node), end()}. */
export function modelCard(ctx, onFound) {
  const facts = h("div", { class: "stack" }, h("p", { class: "muted" }, "…"));
  const problem = h("div", { class: "note warn", hidden: true });
  const back = button("Back to the model before", rollback);
  const slow = check("even if a window may take longer than the next one takes to come");
  const choice = select([], "", { "aria-label": "model to push" });
  const push = button("Push", () => send(choice.value), { kind: "primary" });
  const why = h("p", { class: "help", hidden: true });
  const file = h("input", { type: "file", accept: ".bnn", "aria-label": "a .bnn file to push", on: { change: () => take(file.files) } });
  const drop = h("div", { class: "live-drop stack", on: { dragover: over, dragleave: () => drop.classList.remove("over"), drop: dropped } },
    h("h3", {}, "Push a model"), h("div", { class: "row" }, choice, push), why, slow,
    h("label", {}, "or drop a .bnn file here: ", file));
  const slot = jobSlot(ctx, {
    fits: (job) => KINDS.includes(job.kind) && job.about?.port === (node.port || "") &&
      (job.state === "running" || Date.now() / 1000 - job.started < RECENT),
    view: (job) => jobView(job.id, ctx, { log: false, onEnd: () => { load(); } }),
    onJobs: (jobs) => {
      running = jobs.find((job) => job.state === "running" && job.exclusive === `node:${node.port}`)?.title || "";
      able();
    },
  });
  const element = card("What runs", problem, facts, h("div", { class: "row live-back" }, back), drop, slot);
  let node = {}, was = "", found = null, turn = 0, kinds = 0, tried = "", running = "";
  back.hidden = true;

  /** A new model, another node, or one that came back: what it has is read again. */
  function state(now) {
    const port = node.port;
    node = now;
    const key = [now.port, now.connected, now.ready?.session, now.ready?.model_crc, now.hello?.session].join("|");
    if (now.port !== port) slot.look();
    able();
    if (key === was) return;
    was = key;
    if (now.connected && !now.hello && !now.ready) silent(); else busy(facts, load());
  }

  /** Asking a program that says nothing interrupts it: that is for a person to say. */
  function silent() {
    turn++;
    found = null;
    back.hidden = true;
    drop.hidden = false;
    clear(facts).append(h("p", { class: "muted" }, "The node has not said what it runs."),
      h("div", {}, button("Ask it", load, { title: "this interrupts a program that does not answer, and starts it again" })));
    kept();
  }

  /** Whether a model can be pushed now, and why not. */
  function able() {
    const said = !node.port ? "No node is chosen: nothing can be pushed." : !node.connected ? "The node is away: nothing can be pushed until it is back." : running ? `${running} runs: nothing can be pushed until it is done.` : "";
    push.disabled = !kinds || Boolean(said);
    file.disabled = back.disabled = Boolean(said);
    why.hidden = !said;
    if (why.textContent !== said) why.textContent = said;
  }

  /** A prediction came: a model on trial has shown by now whether it works. */
  function predicted(p) {
    const active = found?.active;
    if (!active || active.trial === null || tried === active.sha256) return;
    if (p.revision !== null && p.revision !== undefined && p.revision !== active.revision) return;
    tried = active.sha256;
    load();
  }

  async function load() {
    const mine = ++turn;
    if (!node.port || !node.connected) {
      if (!node.port) found = null; // of one that is away, what was known stays
      show(node.port ? "the node is away" : "no node is chosen");
      await kept();
      return;
    }
    try {
      const got = await ctx.get("/api/live/models");
      if (mine !== turn) return;
      found = got;
      problem.hidden = true;
      onFound(got);
    } catch (error) {
      if (mine !== turn) return;
      problem.textContent = error.message;
      problem.hidden = false;
      found = null;
    }
    show("");
    await kept();
  }

  async function kept() {
    const all = await ctx.get("/api/models").catch(() => ({ models: [] }));
    const ready = all.models.filter((m) => m.result && !m.result.problem);
    const before = choice.value;
    clear(choice).append(...ready.map((m) => {
      const runs = found?.active?.sha256 === m.result.sha256;
      return h("option", { value: m.name, selected: m.name === before },
        `${m.name}: ${bytes(m.result.bytes)}, ${times(m.result.times)}${runs ? " – runs now" : ""}`);
    }));
    if (!ready.length) choice.append(h("option", { value: "" }, "no model is kept yet: train one, or add a file"));
    kinds = ready.length;
    able();
  }

  /** What a window takes, on the node's chip if that is known, else on each. */
  function times(list) {
    const machine = node.hello?.machine || "";
    const own = list.filter((t) => machine.includes(t.chip));
    return (own.length ? own : list).map((t) => `some ${(t.microseconds / 1000).toPrecision(2)} ms on an ${t.chip}`).join(", ");
  }

  function show(instead) {
    back.hidden = !found?.previous?.sha256;
    if (!found) { clear(facts).append(h("p", { class: "muted" }, instead || "what runs is not known")); return; }
    clear(facts).append(
      h("dl", { class: "facts" }, [...one("Active", found.active, found.kept), ...one("Before", found.previous, null, found.kept_before)]
        .flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
      ...found.part.map((part) => h("p", { class: "live-part" }, `unfinished push: ${bytes(part.bytes)} of SHA-256 ${part.sha256.slice(0, 12)}`)),
      found.signed ? h("p", { class: "note" }, "This node takes signed models alone: in a terminal, xnornode push FILE --key node.key") : "");
  }

  function one(title, model, about, before) {
    if (!model) return [[title, "none"]];
    const rows = [
      [title, h("strong", {}, model.name ?? "a file that cannot be loaded")],
      ["", `revision ${model.revision}, ${bytes(model.bytes)}`], ["SHA-256", h("code", {}, model.sha256.slice(0, 16) || "–")],
    ];
    if (model.trial !== null) rows.push(["Trial", "it has not classified a window yet"]);
    if (before) rows.push(["Kept as", before]);
    if (about) rows.push(["Kept as", about.name], ["RAM", bytes(about.ram)], ["A window takes", times(about.times)]);
    return rows;
  }

  async function rollback() {
    const to = found?.previous;
    const yes = await ctx.confirm({ title: "Back to the model before?", ok: "Go back",
      text: `The node runs ${to.name} again: revision ${to.revision}, ${bytes(to.bytes)}, SHA-256 ${to.sha256.slice(0, 8)}…, ${found.kept_before ? `kept as ${found.kept_before}` : "not kept here"}. Now it runs ${found.active?.name ?? "none"}: ${found.active ? `${bytes(found.active.bytes)}, SHA-256 ${found.active.sha256.slice(0, 8)}…${found.kept ? `, kept as ${found.kept.name}` : ""}` : ""}. A second time undoes it.` });
    if (yes && await ctx.attempt(ctx.post("/api/live/rollback"))) slot.look();
  }

  async function send(name) {
    if (!name) return;
    const wish = { allow_slow: slow.box.checked };
    if (await ctx.attempt(ctx.post(`/api/models/${encodeURIComponent(name)}/push`, wish))) slot.look();
  }

  async function take(files) {
    if (!files?.length || file.disabled) return;
    const added = await ctx.attempt(ctx.upload("/api/models", [files[0]]));
    file.value = "";
    if (!added) return;
    await kept();
    choice.value = added.names[0];
    await send(added.names[0]);
  }

  function over(event) {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    drop.classList.add("over");
  }

  function dropped(event) {
    event.preventDefault();
    drop.classList.remove("over");
    take(event.dataTransfer.files);
  }

  return { element, state, predicted, end: () => { turn++; slot.end(); } };
}
