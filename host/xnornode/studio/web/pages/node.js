// What is plugged in, what it is, what is wrong with it, and its set-up.

import { busy, h } from "/web/dom.js";
import { boardsCard } from "/web/node_boards.js";
import { factsCard } from "/web/node_facts.js";
import { doctorCard } from "/web/node_doctor.js";
import { setUpCard } from "/web/node_setup.js";
import { sensorCard } from "/web/node_sensor.js";
import { jobSlot, jobView } from "/web/job_view.js";

const ALONE = ["flash", "sensor", "update"]; // kinds of jobs that have the port for themselves

export default {
  title: "Node",
  mount(root, ctx) {
    let nodes = { ports: [], drives: [] }, version = "", machine = null, over = false;
    const setUp = setUpCard(ctx), sensor = sensorCard(ctx);
    const update = async () => {
      if (!(await ctx.confirm({ title: "Update the node's library?", text: "This computer's version is put beside the one that is there. If it does not come up, the node goes back by itself. What runs on the node is interrupted, and started again.", ok: "Update" }))) return;
      await ctx.attempt(ctx.post("/api/node/update", {}));
      updates.look();
    };
    const doctor = doctorCard(ctx, {
      flash: ["Set it up", setUp.focusForm], update: ["Update the library", update],
      sensor: ["Choose the sensor", sensor.focusForm], push: ["Choose a model", () => ctx.go("models")],
      train: ["Train a smaller model", () => ctx.go("train")], reset: ["Look again, with a reset", () => doctor.start(true)],
      port: ["Choose the board", () => boards.querySelector("button, input").focus()],
    });
    const boards = boardsCard(ctx, { lines: ["both", "dtr", "rts", "none", "keep"], onSetUp: setUp.focusForm });
    const facts = factsCard(ctx, { onUpdate: update, onDoctor: () => doctor.start(), onSetUp: setUp.focusForm });
    const updates = jobSlot(ctx, {
      fits: (job) => job.kind === "update", view: (job) => jobView(job.id, ctx),
      onJobs: (jobs) => facts.busy(jobs.find((job) => job.state === "running" && ALONE.includes(job.kind) && job.about.port === ctx.state.port) || null),
    });
    facts.append(updates);
    const parts = h("div", { class: "columns" }, h("div", {}, boards, facts, doctor), h("div", {}, setUp, sensor));
    root.append(h("h1", {}, "Node"), parts);

    function show() {
      const state = ctx.state;
      boards.show(nodes, state);
      facts.show(state, version, nodes.look);
      setUp.show(state, nodes);
      sensor.show(state);
      const now = state.hello?.machine || "";
      if (now !== machine) { machine = now; busy(parts, ask()); } // its usual pins
    }

    async function ask() {
      const about = await ctx.attempt(ctx.get("/api/node"));
      if (!about || over) return;
      ({ version } = about);
      nodes = about;
      setUp.models(about.models);
      sensor.kinds(about.kinds, about.pins);
      show();
    }

    const leave = ctx.subscribe(["node", "nodes"], (message) => {
      if (message.topic === "nodes") nodes = message; else ctx.state = message.state;
      show();
    });
    const watch = ctx.onConnection((open) => { if (open) busy(parts, ask()); });
    show();
    return () => {
      over = true;
      leave();
      watch();
      for (const part of [setUp, sensor, doctor, updates]) part.end();
    };
  },
};
