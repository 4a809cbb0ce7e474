// Models: those that are kept, side by side, with the data and the command that made them.

import { h, add, busy, bytes, button, card, changed, clear, field, percent, text } from "/web/dom.js";
import { copy, jobView } from "/web/job_view.js";
import { confusion, reportFrame, reportView, took } from "/web/train_report.js";

const MOST = 4; // models side by side
const at = (name) => `/api/models/${encodeURIComponent(name)}`;

/** What differs between a model's data and those of now, in words. */
function change(model) {
  if (!model.changed) return model.made.data ? "changed since" : "";
  const { added, removed, changed } = model.changed;
  const parts = [added && `${added} added`, removed && `${removed} removed`, changed && `${changed} changed`].filter(Boolean);
  return parts.length ? `files of the data since then: ${parts.join(", ")}` : "the data are the same now";
}

const time = (model, chip) => model.result?.times?.find((t) => t.chip === chip)?.microseconds;
const chipsOf = (models) => [...new Set(models.flatMap((model) => (model.result?.times || []).map((t) => t.chip)))];

export default {
  title: "Models",
  mount(root, ctx) {
    const list = h("div", {}), compared = h("div", {}), more = h("div", {}), bin = h("div", {});
    const file = h("input", { type: "file", accept: ".bnn", multiple: true, id: "add-model", on: { change: () => upload(file.files) } });
    const drop = h("div", { class: "drop" }, h("label", { for: "add-model" }, "Add a model that was made elsewhere (.bnn): drop it here, or choose it "), file);
    add(root, [h("h1", {}, "Models"), list, compared, more, drop, bin]);
    let models = [], chosen = new Set(), over = false, open = "", pushed = null, node = ctx.state;
    drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
    drop.addEventListener("dragleave", () => drop.classList.remove("over"));
    drop.addEventListener("drop", (event) => { event.preventDefault(); drop.classList.remove("over"); upload(event.dataTransfer.files); });

    const leave = ctx.subscribe(["jobs", "data", "node"], (message) => {
      if (message.topic === "node") { node = message.state; return; }
      load();
    });

    let loading = false, again = false;
    async function load() {
      if (loading) { again = true; return; }
      loading = true;
      try {
        do {
          again = false;
          const found = await ctx.get("/api/models");
          if (over) return;
          models = found.models;
          chosen = new Set([...chosen].filter((name) => models.some((model) => model.name === name && model.result)));
          if (changed(list, [found, node.connected, node.ready])) { show(); compare(); showBin(found.bin); }
        } while (again);
      } catch (error) {
        if (over) return;
        changed(list, null);
        add(clear(list), [h("p", { class: "note bad", role: "alert" }, error.message)]);
      } finally { loading = false; }
    }

    function show() {
      clear(list);
      if (!models.length) {
        add(list, [h("div", { class: "empty" }, h("p", {}, "No model has been made yet."), h("a", { class: "button", href: "#/train" }, "Train one"))]);
        return;
      }
      const chips = chipsOf(models);
      const heads = [["Compare"], ["model"], ["accuracy", "num"], ["bytes", "num"], ["RAM, bytes", "num"], ...chips.map((chip) => [chip, "num"]), ["data"], ["made"]];
      const rows = models.map((model) => h("tr", { role: "row", class: open === model.name ? "chosen" : "" },
        h("td", {}, h("input", { type: "checkbox", checked: chosen.has(model.name), disabled: !model.result?.bytes, "aria-label": `compare ${model.name}`, on: { change: (event) => choose(model.name, event.target) } })),
        h("td", {}, button(model.name, () => details(model.name), { kind: "quiet name", label: `Show ${model.name}` }), " ", badge(model)),
        figures(model, chips),
        h("td", {}, model.made.data ? h("span", { title: change(model) }, `${model.made.data.files.toLocaleString("en")} files`, changedTag(model)) : h("span", { class: "muted" }, "not known")),
        h("td", { class: "when" }, model.made.time.slice(0, 16))));
      for (const row of rows) [...row.children].forEach((cell, i) => { cell.dataset.head = heads[i][0]; cell.setAttribute("role", "cell"); }); // for a narrow screen
      add(list, [card("Kept here", h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "models" },
        h("table", { class: "kept-models", role: "table" }, h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, heads.map(([head, side]) => h("th", { scope: "col", role: "columnheader", class: side }, head)))), h("tbody", { role: "rowgroup" }, rows))),
        h("p", { class: "muted" }, `Choose two to ${MOST} to see them side by side. Times of a window are estimated, and accuracies are on what each has not seen.`))]);
    }

    function figures(model, chips) {
      const cell = (value) => h("td", { class: "num" }, value);
      const r = model.result;
      if (!r || r.problem) return [h("td", { class: "num" }, "–"), cell("–"), cell("–"), chips.map(() => cell("–"))];
      const low = r.interval && r.accuracy !== null ? h("small", {}, ` ${Math.round(100 * r.interval[0])} to ${Math.round(100 * r.interval[1])}`) : null;
      return [cell([typeof r.accuracy === "number" ? percent(r.accuracy) : "not tested", low]), cell(r.bytes.toLocaleString("en")), cell(r.ram.toLocaleString("en")),
        chips.map((chip) => cell(time(model, chip) === undefined ? "–" : took(time(model, chip))))];
    }

    function badge(model) {
      if (model.state === "running") return h("a", { class: "tag", href: "#/train" }, "in training");
      if (model.result?.problem) return h("span", { class: "tag bad", title: model.result.problem }, "damaged");
      if (model.state === "unfinished") return h("span", { class: "tag warn" }, "not done");
      if (runs(model)) return h("span", { class: "tag good" }, "on the node");
      return model.made.kind === "search" ? h("span", { class: "tag" }, "search") : model.made.kind === "added" ? h("span", { class: "tag" }, "added") : null;
    }

    /** Whether the node has said that it runs this very model, as far as what it says tells. */
    function runs(model) {
      const ready = node.ready;
      return Boolean(node.connected && ready && model.result && ready.model === model.result.model && ready.bytes === model.result.bytes && ready.revision === model.result.revision);
    }

    function changedTag(model) {
      if (!model.changed) return null;
      const { added, removed, changed } = model.changed;
      const says = [added && `${added} ${added === 1 ? "recording" : "recordings"} since`, removed && `${removed} removed since`, changed && `${changed} changed since`].filter(Boolean);
      return says.map((what) => [" ", h("span", { class: "tag warn" }, what)]);
    }

    function choose(name, box) {
      if (box.checked && chosen.size >= MOST) { box.checked = false; ctx.toast(`${MOST} models at most are shown side by side`); return; }
      if (box.checked) chosen.add(name); else chosen.delete(name);
      compare();
    }

    function compare() {
      clear(compared);
      const some = models.filter((model) => chosen.has(model.name) && model.result?.bytes);
      if (some.length < 2) return;
      const best = (get, sign) => { const values = some.map(get).filter((v) => typeof v === "number"); return values.length > 1 ? sign * Math.max(...values.map((v) => sign * v)) : undefined; };
      const line = (model, head, get, say, sign) => {
        const value = get(model), known = typeof value === "number", texts = some.map(get).filter((v) => typeof v === "number").map(say);
        const first = known && new Set(texts).size > 1 && say(value) === say(best(get, sign));
        return [h("dt", {}, head), h("dd", {}, known ? say(value) : "–", first ? h("span", { class: "tag good" }, "best") : null)];
      };
      add(compared, [card("Side by side", h("div", { class: "compare" }, some.map((model) => {
        const r = model.result;
        return h("section", { "aria-label": model.name }, h("h3", {}, model.name), h("dl", { class: "facts" },
          line(model, "accuracy", (m) => m.result.accuracy, (v) => `${percent(v)} `, 1),
          r.interval && [h("dt", {}, "95 % interval"), h("dd", {}, `${percent(r.interval[0])} to ${percent(r.interval[1])}`)],
          line(model, "bytes", (m) => m.result.bytes, (v) => `${v.toLocaleString("en")} `, -1),
          line(model, "RAM", (m) => m.result.ram, (v) => `${bytes(v)} `, -1),
          chipsOf(some).map((chip) => line(model, chip, (m) => time(m, chip), (v) => `${took(v)} `, -1)),
          h("dt", {}, "features"), h("dd", {}, r.features), h("dt", {}, "data"), h("dd", {}, dataOf(model)),
          h("dt", {}, "command"), h("dd", {}, model.made.command ? h("code", {}, model.made.command) : "made elsewhere")),
        r.confusion ? confusion(r.labels, r.confusion, { caption: "Confusion" }) : null);
      })))]);
    }

    function dataOf(model) {
      const data = model.made.data;
      if (!data) return "not known";
      const classes = Object.entries(data.classes || {}).map(([name, n]) => `${name || "(no folder)"} ${n}`).slice(0, 20).join(", ");
      return `${classes}; ${change(model)}`;
    }

    async function details(name) {
      pushed?.end(); pushed = null;
      open = name;
      show();
      const model = await ctx.attempt(ctx.get(at(name)));
      if (!model || over || open !== name) return;
      const made = model.made, holder = h("div", {}), ready = Boolean(model.result?.bytes);
      clear(more);
      add(more, [card(name, h("div", { class: "stack" },
        model.result?.problem && h("p", { class: "note bad" }, model.result.problem),
        !model.result && h("p", { class: "note warn" }, model.state === "running" ? "It is being trained." : "Its training was not done. The page Train goes on with it."),
        h("div", { class: "row" },
          ready && button("Push to the node", () => push(name, holder), { kind: "primary" }),
          ready && h("a", { class: "button", href: `${at(name)}/model.bnn`, download: `${name}.bnn` }, "Download"),
          made.options && button("Train again", () => trainAgain(name)),
          made.options && h("a", { class: "button", href: `#/train/again/${encodeURIComponent(name)}` }, "Change and train"),
          ready && button("Rename", () => rename(name)),
          button("Delete", () => remove(name), { kind: "danger" })),
        holder,
        h("dl", { class: "facts" },
          h("dt", {}, "made"), h("dd", {}, `${made.time}${made.version ? `, xnornode ${made.version}` : ""}${made.kind === "added" ? ", added as a file" : ""}`),
          h("dt", {}, "data"), h("dd", {}, dataOf(model)),
          model.result?.model && [h("dt", {}, "the model"), h("dd", {}, `${model.result.model}, revision ${model.result.revision}, SHA-256 ${model.result.sha256.slice(0, 12)}; ${model.result.features}; ${model.result.labels.join(", ")}`)],
          model.result?.notes && [h("dt", {}, "notes"), h("dd", {}, model.result.notes)],
          made.command && [h("dt", {}, "command"), h("dd", {}, h("div", { class: "row command-row" }, h("code", { class: "command" }, made.command), button("Copy", () => copy(made.command, ctx), { kind: "quiet" })))]),
        model.report?.confusion && reportView(model.report), model.has_report && reportFrame(name)))]);
      more.firstChild.querySelector("h2").tabIndex = -1;
      more.firstChild.querySelector("h2").focus();
    }

    async function push(name, holder) {
      const begun = await ctx.attempt(ctx.post(`${at(name)}/push`, {}));
      if (!begun || over) return;
      pushed?.end();
      pushed = jobView(begun.job.id, ctx, { onEnd: (job) => { if (job.state === "done") ctx.toast(`${name} runs on the node`, "good"); } });
      add(clear(holder), [pushed]);
    }

    async function trainAgain(name) {
      if (await ctx.attempt(ctx.post(`${at(name)}/again`, {}))) ctx.go("train");
    }

    async function rename(name) {
      const box = text({ value: name, maxlength: "63" });
      if (!(await ctx.confirm({ title: "Rename the model", body: field("New name", box, "of the kept model; its name on a node stays"), ok: "Rename" }))) return;
      const done = await ctx.attempt(ctx.post(`${at(name)}/rename`, { to: box.value }));
      if (!done) return;
      if (chosen.delete(name)) chosen.add(done.name);
      await load();
      details(done.name);
    }

    async function remove(name) {
      if (!(await ctx.confirm({ title: `Delete ${name}?`, text: "It goes to the bin, from where it can be brought back.", ok: "Delete", danger: true }))) return;
      if (!(await ctx.attempt(ctx.post(`${at(name)}/remove`)))) return;
      ctx.toast(`${name} is in the bin`);
      open = "";
      clear(more);
      load();
    }

    function showBin(names) {
      const open = Boolean(bin.querySelector("details")?.open);
      clear(bin);
      if (!names.length) return;
      add(bin, [h("details", { open }, h("summary", {}, `Bin: ${names.length} deleted`), h("ul", {}, names.map((name) => h("li", {}, name.slice(name.indexOf(" ") + 1), " ",
        h("small", {}, `deleted ${name.slice(0, 4)}-${name.slice(4, 6)}-${name.slice(6, 8)} `),
        button("Bring back", async () => { if (await ctx.attempt(ctx.post("/api/models/back", { bin: name }))) load(); }, { kind: "quiet", label: `Bring back ${name.slice(name.indexOf(" ") + 1)}` })))))]);
    }

    async function upload(files) {
      if (!files.length) return;
      const done = await ctx.attempt(ctx.upload("/api/models", files));
      file.value = "";
      if (done) { ctx.toast(`added: ${done.names.join(", ")}`, "good"); load(); }
    }

    busy(list, load());
    return () => { over = true; leave(); pushed?.end(); };
  },
};
