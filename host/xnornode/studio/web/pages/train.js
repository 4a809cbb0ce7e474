// Train: the form with what would be tried, the training while it runs, and its report.

import { h, add, busy, button, card, changed, clear } from "/web/dom.js";
import { jobView } from "/web/job_view.js";
import { trainForm } from "/web/train_form.js";
import { trainLive } from "/web/train_live.js";
import { planCard } from "/web/train_plan.js";
import { reportFrame, reportView } from "/web/train_report.js";

const KINDS = ["train", "search"];
const WAIT = 900; // milliseconds until a change of the options is planned anew
const MOST_LEFT = 5; // unfinished trainings that are offered

export default {
  title: "Train",
  mount(root, ctx) {
    const left = h("div", { class: "stack" }), place = h("div", {}), result = h("div", {});
    add(root, [h("h1", {}, "Train"), left, place, result]);
    let live = null, form = null, plan = null, pushed = null, over = false, timer = 0, shown = "", jobs = [], turn = 0, about = null, asked = null;

    const leave = ctx.subscribe(["jobs", "data"], (message) => {
      if (message.topic === "data") { if (form) reload(); return; }
      jobs = message.jobs.filter((job) => KINDS.includes(job.kind));
      const running = jobs.find((job) => job.state === "running");
      if (running && running.id !== shown && !pushed) showJob(running.id); else showLeft();
    });

    async function begin() {
      try {
        const [all, kept] = await Promise.all([ctx.get("/api/jobs"), ctx.get("/api/train/form")]);
        if (over) return;
        about = kept;
        jobs = all.jobs.filter((job) => KINDS.includes(job.kind));
        const running = jobs.find((job) => job.state === "running");
        if (running) showJob(running.id); else await showForm();
      } catch (error) { if (!over) add(clear(place), [h("p", { class: "note bad", role: "alert" }, error.message)]); }
    }

    async function reload() {
      const kept = await ctx.attempt(ctx.get("/api/train/form"));
      if (!kept || over) return;
      const none = !count(about);
      about = kept;
      if (none !== !count(about)) showForm(); else if (asked) look(asked);
    }

    const count = (kept) => Object.values(kept.classes).reduce((a, b) => a + b, 0);

    function endView() {
      live?.end(); form?.end(); pushed?.end();
      live = form = plan = pushed = null;
      clearTimeout(timer);
      turn++;
      clear(place); clear(result);
    }

    async function showForm() {
      endView();
      shown = "";
      showLeft();
      if (!count(about)) {
        add(place, [h("div", { class: "empty" }, h("p", {}, "There are no recordings yet, so there is nothing to train on."),
          h("div", { class: "row centre" }, h("a", { class: "button", href: "#/record" }, "Record"), h("a", { class: "button", href: "#/data" }, "Import data")))]);
        return;
      }
      plan = planCard();
      form = trainForm(about, ctx, { onPlan: (what) => { clearTimeout(timer); timer = setTimeout(() => look(what), WAIT); }, onStart: start });
      const classes = Object.entries(about.classes).map(([name, n]) => `${name || "(no folder)"} ${n}`);
      add(place, [h("p", { class: "muted" }, `${count(about).toLocaleString("en")} files in ${about.data}: ${classes.slice(0, 20).join(", ")}${classes.length > 20 ? ", …" : ""}`), form.node, plan.node]);
      if (ctx.path?.[0] === "again" && ctx.path[1]) {
        const made = (await ctx.attempt(ctx.get(`/api/models/${encodeURIComponent(ctx.path[1])}`)))?.made;
        if (made?.options && form && !over) form.set(made.kind, made.options, made.name);
      }
    }

    async function look(what) {
      const mine = ++turn;
      asked = what;
      plan.wait();
      try {
        const { plan: found } = await ctx.post("/api/train/plan", what);
        if (mine !== turn || over || !found) return;
        plan.show(found, what);
        form.groups((found.understood?.groups || []).map((group) => group.name));
      } catch (error) {
        if (mine !== turn || over) return;
        plan.problem(form.problemAt(error.message) || error.message);
      }
    }

    async function start(what) {
      const begun = await ctx.attempt(ctx.post("/api/train/start", what));
      if (begun && !over) showJob(begun.job.id);
    }

    async function again(job, anew = false) {
      const begun = await ctx.attempt(ctx.post("/api/train/again", { job: job.id, restart: anew }));
      if (begun && !over) showJob(begun.job.id);
    }

    function showJob(id) {
      if (id === shown) return;
      endView();
      shown = id;
      showLeft();
      live = trainLive(id, ctx, { onEnd: ended, onAgain: again, onChange: change });
      add(place, [live.node]);
    }

    /** The form, filled in as the job's was. */
    async function change(job) {
      about = (await ctx.attempt(ctx.get("/api/train/form"))) || about;
      ctx.path = ["again", job.about.model];
      await showForm();
      form?.node.scrollIntoView({ block: "start" });
    }

    async function ended(job) {
      const name = job.about.model;
      add(clear(result), [h("div", { class: "row" }, button("New training", fresh))]);
      if (job.state !== "done" && job.kind !== "search") return;
      let model;
      try { model = await ctx.get(`/api/models/${encodeURIComponent(name)}`); } catch { return; } // deleted since
      if (over || shown !== job.id || model.state !== "ready") return;
      const report = model.report, push = h("div", {});
      add(clear(result), [card(`Report of ${name}`, h("div", { class: "stack" }, report?.confusion ? reportView(report, { choice: false }) : null, model.has_report && reportFrame(name),
        h("div", { class: "actions" },
          button("New training", fresh),
          h("a", { class: "button", href: "#/models" }, "Compare models"),
          button("Push to the node", () => pushTo(name, push), { kind: "primary" })), push))]);
    }

    async function fresh() {
      about = (await ctx.attempt(ctx.get("/api/train/form"))) || about;
      ctx.path = [];
      await showForm();
    }

    async function pushTo(name, holder) {
      const begun = await ctx.attempt(ctx.post(`/api/models/${encodeURIComponent(name)}/push`, {}));
      if (!begun || over) return;
      pushed?.end();
      pushed = jobView(begun.job.id, ctx, { onEnd: (job) => { if (job.state === "done") ctx.toast(`${name} runs on the node`, "good"); } });
      add(clear(holder), [pushed]);
    }

    function showLeft() {
      const open = jobs.filter((job) => !["running", "done"].includes(job.state) && !job.went_on && job.id !== shown).slice(0, MOST_LEFT);
      const runs = jobs.some((job) => job.state === "running");
      if (!changed(left, [open.map((job) => [job.id, job.state, job.error, job.resumable]), runs])) return;
      add(clear(left), open.map((job) => h("div", { class: "note warn spread" },
        h("span", {}, `${job.title} ${job.state === "failed" ? "failed" : job.state === "lost" ? "was killed" : "was stopped"}${job.error && job.state === "failed" ? `: ${job.error}` : ""}`),
        h("span", { class: "row" },
          !runs && button(job.resumable ? "Go on" : "Start again", () => again(job), { label: `${job.resumable ? "Go on with" : "Start again"}: ${job.title}` }),
          !runs && button("Change the options", () => change(job), { label: `Change the options: ${job.title}` }),
          button("Show", () => showJob(job.id), { kind: "quiet", label: `Show ${job.title}` }),
          button("Forget", async () => { await ctx.attempt(ctx.post(`/api/jobs/${job.id}/remove`)); }, { kind: "quiet", label: `Forget ${job.title}` })))));
    }

    busy(place, begin());
    return () => { over = true; endView(); leave(); };
  },
};
