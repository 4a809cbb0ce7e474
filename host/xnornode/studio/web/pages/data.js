// The data: recordings by class and group, edits, import, what is understood, feature map, bin.

import { h, add, busy, button, changed, clear, seconds, select } from "/web/dom.js";
import { knowClasses } from "/web/colours.js";
import { tiles } from "/web/data_tiles.js";
import { openItem } from "/web/data_item.js";
import { askRelabel, balance, bars, binView, understoodView } from "/web/data_views.js";
import { dropped, importBefore, importFiles, openImport, picked } from "/web/data_import.js";
import { mapView } from "/web/data_map.js";

const VIEWS = [["", "Recordings"], ["understood", "What is understood"], ["map", "Feature map"], ["bin", "Bin"]];
const ALL = 200; // files of one answer
const SOON = 250; // milliseconds from a change to the list that shows it

const kept = { label: null, group: null, only: "", word: "" }; // filters outlast a change of pages

function mount(root, ctx) {
  const chosen = new Map(), wanted = ctx.path?.[0] || "";
  let data = null, view = "", shown = null, closeItem = null, timer = 0, turn = 0, ended = false;

  const summary = h("p", { class: "muted", role: "status", "aria-live": "polite" });
  const undoButton = button("Undo", () => undo(), { kind: "quiet" });
  undoButton.hidden = true;
  const fileInput = h("input", { type: "file", multiple: true, hidden: true, tabindex: "-1", "aria-label": "Files to import", on: { change: () => take(picked(fileInput.files)) } });
  const folderInput = h("input", { type: "file", webkitdirectory: true, hidden: true, tabindex: "-1", "aria-label": "A folder to import", on: { change: () => take(picked(folderInput.files)) } });
  const importBox = h("div", {}), notes = h("div", {}), body = h("div", {});
  const tabs = h("nav", { class: "views row", "aria-label": "Views of the data" });
  add(root, [
    h("div", { class: "spread", "data-keys": "Del=put what is chosen into the bin;Ctrl+Z=undo the last change;P and N=the recording before and the next one, in an open one;Left and Right=move a handle of the range, with Shift by one sample" },
      h("div", {}, h("h1", {}, "Data"), summary),
      h("div", { class: "row" }, undoButton, button("Import files", () => fileInput.click()), button("Import a folder", () => folderInput.click()), fileInput, folderInput)),
    importBox, notes, tabs, body,
    h("div", { class: "drop-veil", "aria-hidden": "true" }, h("span", {}, "Drop files or folders to import them")),
  ]);

  // --- the list

  const filters = (extra = {}) => {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries({ ...kept, ...extra })) if (value !== null && value !== "" || (value === "" && (name === "label" || name === "group"))) query.set(name, value);
    return query.toString();
  };
  const load = (offset, count) => ctx.get(`/api/data?${filters({ offset, count })}`);

  async function refresh() {
    const mine = ++turn;
    const got = await ctx.attempt(load(0, Math.min(ALL, shown?.list?.count() || 60)));
    if (!got || mine !== turn || ended) return;
    const before = data;
    data = got;
    knowClasses(data.classes.map((row) => row.name));
    summary.textContent = data.total
      ? `${data.total.toLocaleString("en")} ${data.total === 1 ? "file" : "files"}${data.seconds ? `, ${seconds(data.seconds)}` : ""}, ${data.classes.length} ${data.classes.length === 1 ? "class" : "classes"} in ${data.folder}`
      : `Nothing yet in ${data.folder}`;
    showUndo();
    showTabs();
    showNotes();
    if (view === "" && before && before.mark === data.mark && shown?.list && shown.asked === filters()) return;
    if (view === "") recordings(); else shown?.load?.();
  }

  function showUndo() {
    undoButton.hidden = !data.undo;
    undoButton.title = data.undo ? `Undo: ${data.undo.title} (Ctrl+Z)` : "";
    undoButton.setAttribute("aria-label", data.undo ? `Undo: ${data.undo.title}` : "Undo");
  }

  /** Ctrl+Z right after a change is for this change, not for the one that the list still knows. */
  function edited(last) {
    turn++; // an answer that is under way is from before
    if (data && !ended) { data.undo = last; showUndo(); }
  }

  function showTabs() {
    if (!changed(tabs, [view, data?.in_bin || 0])) return;
    clear(tabs);
    add(tabs, VIEWS.map(([name, title]) => h("a", { class: "button", href: `#/data${name ? `/${name}` : ""}`, "aria-current": name === view ? "page" : false },
      name === "bin" && data?.in_bin ? `${title} (${data.in_bin})` : title)));
  }

  function showNotes() {
    if (!changed(notes, [data.damaged, data.odd, data.mixed, data.left_out])) return;
    clear(notes);
    const filter = (only) => { kept.only = only; kept.label = kept.group = null; if (view) location.hash = "#/data"; else refresh(); };
    add(notes, [
      data.damaged > 0 && h("p", { class: "note bad" }, `${data.damaged} ${data.damaged === 1 ? "file is" : "files are"} damaged. `, button("Show them", () => filter("damaged"))),
      data.odd && h("p", { class: "note warn" }, data.odd, ". ", button("Show them", () => filter("odd"))),
      data.mixed && h("p", { class: "note warn" }, data.mixed),
      data.left_out.map((text) => h("p", { class: "note" }, text)),
    ]);
  }

  function empty() {
    return h("div", { class: "empty begin" },
      h("h2", {}, "Begin with data"),
      h("p", {}, "Record with a node, or drop files here: recordings, CSV and other tables, WAV, images, NumPy arrays, a ZIP of them. A folder for each class is best."),
      h("div", { class: "row centre" }, button("Record", () => ctx.go("record"), { kind: "primary" }), button("Import files", () => fileInput.click()), button("Import a folder", () => folderInput.click())));
  }

  function recordings() {
    if (!data.total) {
      shown?.list?.end();
      clear(body);
      add(body, [empty()]);
      shown = {};
      return;
    }
    if (!shown?.list) build();
    shown.side();
    for (const [path, item] of chosen) { // what has changed is another file
      const now = data.items.find((other) => other.path === path);
      if (now && now.version !== item.version) chosen.set(path, now);
    }
    shown.asked = filters();
    shown.found.textContent = `${data.found.toLocaleString("en")} ${data.found === 1 ? "file" : "files"}`;
    shown.list.show(data);
    shown.bar();
  }

  function build() {
    clear(body);
    const side = h("aside", { class: "card", "aria-label": "Balance" });
    const found = h("span", { class: "muted" });
    const word = h("input", { type: "search", placeholder: "search names", "aria-label": "Search names", value: kept.word, on: { input: () => { kept.word = word.value; clearTimeout(timer); timer = setTimeout(refresh, SOON); } } });
    const only = select([["", "all"], ["damaged", "damaged"], ["odd", "of another sensor"], ["remarks", "with remarks"]], kept.only, { "aria-label": "Show", on: { change: () => { kept.only = only.value; refresh(); } } });
    const actions = h("div", { class: "row chosen-bar", role: "region", "aria-label": "What is chosen" });
    const grid = h("div", {});
    add(body, [h("div", { class: "side data-side" }, side, h("div", {}, h("div", { class: "row list-bar" }, word, only, found, button("Choose all", chooseAll, { kind: "quiet" })), actions, grid))]);
    const list = tiles(grid, ctx, { load, open: (item, items) => open(item, items), chosen, changed: () => shown.bar() });
    shown = {
      list, found,
      side() {
        only.value = kept.only;
        const pick = (name) => (value) => { kept[name] = value; refresh(); };
        const was = side.querySelector("details")?.open;
        const wide = matchMedia("(min-width: 761px)").matches;
        add(clear(side), [h("details", { open: was ?? wide }, h("summary", {}, h("h2", { class: "inline" }, "Balance")), h("p", { class: "muted" }, balance(data.classes)),
          bars("Classes", data.classes, { pick: pick("label"), on: kept.label, swatch: true }),
          data.groups.length > 0 && bars("Groups", data.groups, { pick: pick("group"), on: kept.group }),
          data.groups.length === 1 && h("p", { class: "muted" }, "There is one group: a test holds out whole groups, so record another person, place or device."),
          (kept.label !== null || kept.group !== null || kept.only || kept.word) && button("Show all", () => { Object.assign(kept, { label: null, group: null, only: "", word: "" }); word.value = ""; refresh(); }))]);
      },
      bar() {
        clear(actions);
        actions.hidden = !chosen.size;
        if (chosen.size) add(actions, [h("strong", {}, `${chosen.size} chosen`), button("Change label or group", relabel), button("Delete", remove, { kind: "danger" }), button("Choose none", () => { chosen.clear(); list.mark(); shown.bar(); }, { kind: "quiet" })]);
      },
    };
  }

  async function chooseAll() {
    const all = [];
    for (let at = 0; at < data.found; at += ALL) {
      const part = await ctx.attempt(load(at, ALL));
      if (!part || !part.items.length) break;
      all.push(...part.items);
    }
    for (const item of all) chosen.set(item.path, item);
    shown.list.mark();
    shown.bar();
  }

  // --- edits

  const self = (items) => items.map(({ path, version }) => ({ path, version }));
  async function edit(path, sent) {
    const done = await ctx.attempt(ctx.post(`/api/data/${path}`, sent));
    if (done) edited({ id: done.id, title: done.title });
    refreshSoon();
    if (!done) return false;
    for (const problem of done.problems.slice(0, 3)) ctx.toast(problem, "bad");
    ctx.toast(`${done.title}. Undo: Ctrl+Z.`, "good");
    chosen.clear();
    return true;
  }
  async function relabel() {
    const items = [...chosen.values()];
    const sent = await askRelabel(ctx, items, data.classes.map((c) => c.name), data.groups.map((g) => g.name));
    if (sent) await edit("relabel", { items: self(items), ...sent });
  }
  async function remove() {
    const items = [...chosen.values()];
    if (items.length > 1 && !await ctx.confirm({ title: `Delete ${items.length.toLocaleString("en")} files?`, text: "They go into the bin, from where they can be brought back.", ok: "Delete", danger: true })) return;
    await edit("delete", { items: self(items) });
  }
  async function undo() {
    if (!data?.undo) return;
    const done = await ctx.attempt(ctx.post("/api/data/undo", { id: data.undo.id }));
    if (done) {
      for (const problem of done.problems.slice(0, 3)) ctx.toast(problem, "bad");
      ctx.toast(`Undone: ${done.title}.`, "good");
    }
    refreshSoon();
  }
  function open(item, items, span = null) {
    closeItem = openItem(ctx, item, items, { labels: data.classes.map((c) => c.name).filter(Boolean), groups: data.groups.map((g) => g.name), edit, span });
  }
  async function openPath(path, span = null) {
    const got = await ctx.attempt(ctx.get(`/api/data?path=${encodeURIComponent(path)}`));
    if (got?.items[0]) open(got.items[0], got.items, span);
    else if (got) ctx.toast("This file is not there any more.", "bad");
  }
  const refreshSoon = () => { clearTimeout(timer); timer = setTimeout(refresh, SOON); };

  // --- import

  const imported = () => { if (!ended) refreshSoon(); };
  async function take(files) {
    fileInput.value = folderInput.value = "";
    if (!files.length) return;
    const other = openImport();
    if (other && !other.isFailed() && !await ctx.confirm({ title: "Let the other import go?", text: "Its files have not been imported yet. They stay where you took them from.", ok: "Let it go", danger: true })) return;
    openImport()?.end();
    if (!ended) importFiles(importBox, ctx, files, imported);
  }
  if (openImport()) openImport().attach(importBox, imported);
  else importBefore(importBox, ctx, imported).catch(() => {});
  let over = 0;
  const isFiles = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
  const drag = {
    dragenter(event) { if (isFiles(event)) { event.preventDefault(); over++; root.classList.add("dropping"); } },
    dragover(event) { if (isFiles(event)) { event.preventDefault(); event.dataTransfer.dropEffect = "copy"; } },
    dragleave(event) { if (isFiles(event) && --over <= 0) { over = 0; root.classList.remove("dropping"); } },
    async drop(event) {
      if (!isFiles(event)) return;
      event.preventDefault();
      over = 0;
      root.classList.remove("dropping");
      const files = await ctx.attempt(dropped(event.dataTransfer));
      if (files) take(files);
    },
  };
  for (const [name, run] of Object.entries(drag)) document.addEventListener(name, run);
  const keys = (event) => {
    if (document.querySelector("dialog[open]") || event.target.closest?.("input:not([type=checkbox]), select, textarea")) return;
    if (event.key === "Delete" && chosen.size) { event.preventDefault(); remove(); }
    if (event.key === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey) { event.preventDefault(); undo(); }
  };
  document.addEventListener("keydown", keys);
  const off = ctx.subscribe(["data"], refreshSoon);
  const seen = () => document.visibilityState === "visible" && refreshSoon(); // files may have come from elsewhere
  document.addEventListener("visibilitychange", seen);

  view = VIEWS.some(([name]) => name === wanted) ? wanted : "";
  showTabs();
  busy(summary, refresh()).then(() => {
    if (ended || !data) return;
    if (wanted === "open" && ctx.path[1]) openPath(ctx.path[1]);
  });
  if (view === "understood") shown = understoodView(body, ctx);
  if (view === "map") shown = mapView(body, ctx, { open: openPath });
  if (view === "bin") shown = binView(body, ctx);
  return () => {
    ended = true;
    turn++;
    clearTimeout(timer);
    off();
    document.removeEventListener("keydown", keys);
    document.removeEventListener("visibilitychange", seen);
    for (const [name, run] of Object.entries(drag)) document.removeEventListener(name, run);
    root.classList.remove("dropping");
    shown?.list?.end();
    shown?.end?.();
    if (document.querySelector("dialog.wide[open]")) closeItem?.();
  };
}

export default { title: "Data", key: "3", mount };
