// The balance, the table of what was understood, and the bin.

import { h, add, busy, button, card, changed, clear, table, seconds, bytes, when } from "/web/dom.js";
import { classIndex } from "/web/colours.js";
import { told } from "/web/data_tiles.js";

const plain = (key) => { try { return decodeURIComponent(key); } catch { return key; } }; // no UTF-8
const CAPTIONS = { data: "The data as a whole", class: "Classes", group: "Groups", channel: "Channels", column: "Columns", guess: "Guesses, and the options that settle them", "equal items": "Copies" };
const amount = (row) => `${row.items.toLocaleString("en")}${row.seconds ? ` · ${seconds(row.seconds)}` : ""}`;

/** Bars of what there is. pick(name): filters; on: the name that is filtered by. */
export function bars(title, rows, { pick, on = null, swatch = false, by = "seconds" }) {
  const value = (row) => (rows.every((r) => r.seconds > 0) && by === "seconds" ? row.seconds : row.items);
  const most = Math.max(...rows.map(value), 1e-9);
  return h("section", {}, h("h3", {}, title), h("ul", { class: "bars" }, rows.map((row) => {
    const bar = h("span", { class: `bar-fill ${swatch ? `c${classIndex(row.name) + 1}` : ""}` });
    bar.style.width = `${Math.max(1, (100 * value(row)) / most)}%`;
    const name = row.name || "no label";
    return h("li", {}, h("button", { type: "button", class: "bar-row", "aria-pressed": String(on === row.name), title: `show ${name} alone`, on: { click: () => pick(on === row.name ? null : row.name) } },
      h("span", { class: "bar-name" }, name), h("span", { class: "bar-amount" }, amount(row)), h("span", { class: "bar-track", "aria-hidden": "true" }, bar)));
  })));
}

/** One sentence about how even the classes are. */
export function balance(rows) {
  if (rows.length < 2) return rows.length ? `There is one class, ${rows[0].name || "without a label"}: a training needs two.` : "";
  const value = (row) => (rows.every((r) => r.seconds > 0) ? row.seconds : row.items);
  const sorted = [...rows].sort((a, b) => value(a) - value(b)), least = sorted[0], most = sorted[sorted.length - 1];
  const ratio = value(most) / Math.max(value(least), 1e-9);
  if (ratio < 1.5) return "The classes are even.";
  return `There is ${ratio.toFixed(1)} times as much of ${most.name} as of ${least.name}: ${ratio > 3 ? "record more of the smaller class." : "this is no trouble for a training."}`;
}

/** Tables, warnings and notes of what was understood. */
export function understoodTables(data, { quiet = false } = {}) {
  const notes = data.notes.map((text) => h("li", {}, text));
  return [
    data.warnings.map((text) => h("p", { class: "note warn" }, text)),
    data.tables.map((t) => {
      const heads = t.heads.map((head) => head || "what was found");
      return table(heads, t.rows, { left: t.left.map((head) => head || "what was found"), caption: CAPTIONS[t.heads[0]] || t.heads[0] });
    }),
    !quiet && notes.length > 0 && [h("h3", {}, "Notes"), h("ul", {}, notes)],
  ];
}

export function understoodView(root, ctx) {
  let turn = 0, before = "";
  async function load() {
    const mine = ++turn;
    const wait = setTimeout(() => mine === turn && !root.firstChild && add(root, [h("p", { class: "empty" }, "Reading all files as a training would…")]), 150);
    let data;
    try { data = await ctx.get("/api/data/understood"); } catch (error) { data = { problem: error.message, warnings: [], notes: [], tables: [], doubts: [] }; }
    clearTimeout(wait);
    if (mine !== turn || JSON.stringify(data) === before) return;
    before = JSON.stringify(data);
    clear(root);
    add(root, [card("What a training understands", h("div", { class: "stack" },
      data.problem ? h("div", { class: "note bad" }, h("strong", {}, "A training would stop here"), h("p", { class: "pre" }, data.problem)) : h("p", { class: "note good" }, "A training would take these data."),
      understoodTables(data),
      h("p", { class: "muted" }, "A guess that is wrong is overruled by its option: on the page Train, or of `xnornode data` in a terminal.")))]);
  }
  busy(root, load());
  return { load, end() { turn++; } };
}

export function binView(root, ctx) {
  let turn = 0;
  async function load() {
    const mine = ++turn;
    const data = await ctx.attempt(ctx.get("/api/data/bin"));
    if (!data || mine !== turn || !changed(root, data)) return;
    clear(root);
    const restore = (ids) => ctx.attempt(ctx.post("/api/data/bin/restore", { ids })).then((done) => done && (ctx.toast(`${done.restored} brought back.`, "good"), load()));
    const empty = async () => {
      const sure = await ctx.confirm({ title: "Empty the bin?", text: `${data.entries.length} files, ${bytes(data.bytes)}, are deleted for good. This cannot be undone.`, ok: "Delete for good", danger: true });
      if (sure && await ctx.attempt(ctx.post("/api/data/bin/empty", { ids: data.entries.map((e) => e.id) }))) load();
    };
    add(root, [card("Bin",
      data.entries.length === 0 && h("p", { class: "empty" }, "The bin is empty. What you delete or cut comes here."),
      data.entries.length > 0 && h("div", { class: "spread" }, h("p", {}, `${data.entries.length} ${data.entries.length === 1 ? "file" : "files"}, ${bytes(data.bytes)}.`),
        h("div", { class: "row" }, button("Bring all back", () => restore(data.entries.map((e) => e.id))), button("Empty the bin", empty, { kind: "danger" }))),
      data.entries.length > 0 && table(["file", "when", "why", "size", "action"], data.entries.slice(0, 500).map((e) => [
        plain(e.path), when(e.time), e.why === "cut" ? "was cut" : e.why, bytes(e.bytes),
        button("Bring back", () => restore([e.id]), { label: `Bring back ${plain(e.path)}` })]), { left: ["file", "when", "why", "action"], caption: "deleted files, the last first" }))]);
  }
  busy(root, load());
  return { load, end() { turn++; } };
}

/** A question for another label or group of several files. Gives what to send, or null. */
export async function askRelabel(ctx, items, labels, groups) {
  const label = h("input", { type: "text", list: "ask-labels", autocomplete: "off", id: "ask-label" });
  const group = h("input", { type: "text", list: "ask-groups", autocomplete: "off", id: "ask-group" });
  const none = h("input", { type: "checkbox", id: "ask-none" });
  const body = h("div", { class: "stack" },
    h("div", { class: "field" }, h("label", { for: "ask-label" }, "New label"), label, h("small", { class: "help" }, "empty: it stays")),
    h("div", { class: "field" }, h("label", { for: "ask-group" }, "New group"), group, h("small", { class: "help" }, "empty: it stays")),
    h("div", { class: "check" }, none, h("label", { for: "ask-none" }, "Without a group")),
    h("datalist", { id: "ask-labels" }, labels.map((name) => h("option", { value: name }))),
    h("datalist", { id: "ask-groups" }, groups.map((name) => h("option", { value: name }))));
  const what = items.length === 1 ? told(items[0]) : `${items.length} files`;
  if (!await ctx.confirm({ title: `Change ${what}`, body, ok: "Change" })) return null;
  const sent = { label: label.value.trim() || null, group: none.checked ? "" : group.value.trim() || null };
  return sent.label === null && sent.group === null ? null : sent;
}
