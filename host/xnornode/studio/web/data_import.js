// Files that are dropped: sent in parts, read by the studio, shown as understood, and imported.

import { h, add, button, card, check, clear, field, select, table, text, bytes } from "/web/dom.js";
import { understoodTables } from "/web/data_views.js";

const BATCH_FILES = 100, BATCH_BYTES = 32e6;
const MOST = 50000;

/** All files of a drop, folders too: [{name, file}]. */
export async function dropped(transfer) {
  const entries = [...transfer.items].filter((i) => i.kind === "file").map((i) => i.webkitGetAsEntry?.() || i.getAsFile());
  const found = [];
  async function walk(entry) {
    if (!entry || found.length > MOST) return;
    if (entry instanceof File) found.push({ name: entry.name, file: entry });
    else if (entry.isFile) found.push({ name: entry.fullPath.slice(1), file: await new Promise((done, fail) => entry.file(done, fail)) });
    else {
      const reader = entry.createReader();
      for (;;) { // a reader gives 100 at a time
        const some = await new Promise((done, fail) => reader.readEntries(done, fail));
        if (!some.length) break;
        for (const one of some) await walk(one);
      }
    }
  }
  for (const entry of entries) await walk(entry);
  return found;
}

export const picked = (files) => [...files].map((file) => ({ name: file.webkitRelativePath || file.name, file }));

const KEY = "data-import"; // of the files that are taken already, for a page that is loaded again
let current = null; // an import outlasts a change of pages

/** The import that is open, or null. */
export const openImport = () => current;

/** The import that a page had open before it was loaded again, or null. */
export async function importBefore(root, ctx, done) {
  const id = sessionStorage.getItem(KEY);
  if (current || !id) return null;
  const { open, fields } = await ctx.get("/api/data/import");
  if (current || sessionStorage.getItem(KEY) !== id) return null;
  if (open.includes(id)) return importFiles(root, ctx, [], done, { id, fields });
  sessionStorage.removeItem(KEY);
  return null;
}

/**
 * Show an import in `root`. done(): when it is over; before: one whose files are taken. Gives {end(),
 * attach(root, done): shows it in another place, isFailed()}.
 */
export function importFiles(root, ctx, files, done, before = null) {
  const status = h("p", { role: "status", "aria-live": "polite" });
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Progress of the import" });
  const body = h("div", { class: "stack" });
  const cancel = button("Cancel", () => end());
  const box = card("Import", status, bar, body, h("div", { class: "actions" }, cancel));
  clear(root);
  add(root, [box]);
  box.scrollIntoView({ block: "nearest" });
  let id = before?.id || "", failed = false, over = false, inputs = {}, off = () => {}, abort = new AbortController(), turn = 0;

  function end(after) {
    if (over) return;
    over = true;
    abort.abort();
    off();
    if (id && !after) ctx.post(`/api/data/import/${id}/drop`).catch(() => {});
    sessionStorage.removeItem(KEY);
    current = null;
    box.remove();
    done(after);
  }
  function fail(error) {
    if (over) return;
    failed = true;
    bar.hidden = true;
    status.textContent = "";
    clear(body);
    add(body, [h("p", { class: "note bad pre" }, error.message)]);
    cancel.textContent = "Close";
  }

  async function send(batch) {
    const form = new FormData();
    for (const { name, file } of batch) form.append("file", file, name);
    let response;
    try {
      response = await fetch(`/api/data/import/${id}/files`, { method: "POST", body: form, signal: abort.signal });
    } catch (error) {
      if (over) throw error;
      throw new Error("the files could not be sent: were they moved, or has the studio ended?");
    }
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(answer.error || `the studio answers ${response.status}`);
  }

  async function upload() {
    if (before) { makeForm(before.fields); await read(); return; }
    if (!files.length) throw new Error("There is no file in what was dropped.");
    if (files.length > MOST) throw new Error(`These are more than ${MOST} files: import them in parts.`);
    const whole = files.reduce((sum, { file }) => sum + file.size, 0);
    status.textContent = `Taking ${files.length.toLocaleString("en")} ${files.length === 1 ? "file" : "files"}, ${bytes(whole)}`;
    const begun = await ctx.post("/api/data/import");
    id = begun.id;
    if (over) { ctx.post(`/api/data/import/${id}/drop`).catch(() => {}); return; }
    let batch = [], size = 0, sent = 0;
    const flush = async () => { if (batch.length) await send(batch); sent += size; bar.value = whole ? sent / whole : 1; batch = []; size = 0; };
    for (const one of files) {
      if (batch.length >= BATCH_FILES || size + one.file.size > BATCH_BYTES) await flush();
      batch.push(one);
      size += one.file.size;
    }
    await flush();
    sessionStorage.setItem(KEY, id);
    makeForm(begun.fields);
    await read();
  }

  const options = []; // which field an option of the command line is
  const form = h("form", { class: "fields", on: { change: () => read(), submit: (event) => { event.preventDefault(); read(); } } });
  function makeForm(fields) {
    for (const { name, label, kind, help } of fields) {
      options.push({ name, option: help.split(":")[0] });
      if (kind === "check") {
        const node = check(label);
        inputs[name] = node.box;
        node.title = help;
        add(form, [node]);
      } else {
        const input = kind === "header" ? select([["", "found out"], ["yes", "has titles"], ["no", "has none"]], "") : text();
        inputs[name] = input;
        add(form, [field(label, input, help)]);
      }
    }
  }
  const values = () => Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.type === "checkbox" ? input.checked : input.value.trim()]).filter(([, value]) => value));

  const shown = h("div", { class: "stack" }), go = button("Import", () => write(), { kind: "primary", disabled: true });
  async function read() {
    const mine = ++turn;
    go.disabled = true;
    bar.hidden = false;
    bar.removeAttribute("value");
    status.textContent = "Reading the files";
    let data;
    try { data = await ctx.post(`/api/data/import/${id}/read`, { options: values() }); } catch (error) { data = { problem: error.message, notes: [], makes: 0, hopeless: /ZIP|unpacked/.test(error.message) }; }
    if (over || mine !== turn) return;
    bar.hidden = true;
    show(data);
  }
  function show(data) {
    const open = details.open || Boolean(data.problem) || data.doubts?.some((d) => d.doubtful);
    clear(shown);
    status.textContent = data.problem ? "These files cannot be imported as they are." : `${data.makes.toLocaleString("en")} ${data.makes === 1 ? "file" : "files"} would be added.`;
    add(shown, [
      data.problem && h("p", { class: "note bad pre" }, data.problem),
      data.there > 0 && h("p", { class: "note warn" }, `${data.there.toLocaleString("en")} of ${data.makes.toLocaleString("en")} ${data.makes === 1 ? "file" : "files"} ${data.there === 1 ? "is" : "are"} in the folder already, with the same content. To import them again adds copies, which a training leaves out.`),
      data.notes.map((note) => h("p", { class: "note" }, note)),
      data.plan?.length > 0 && table(["label", "group", "files"], data.plan.slice(0, 200).map((row) => [row.label, row.group, row.files]), { left: ["label", "group"], caption: "What would be added" }),
      data.tables && understoodTables(data, { quiet: true }),
    ]);
    for (const { name, option } of options) { // what the message asks for
      const asked = new RegExp(`${option}(?![-a-z])`).test(data.problem || "");
      if (asked) inputs[name].setAttribute("aria-invalid", "true"); else inputs[name].removeAttribute("aria-invalid");
    }
    details.open = open;
    details.hidden = Boolean(data.hopeless); // no option mends an archive that cannot be unpacked
    go.textContent = data.makes ? `Import ${data.makes.toLocaleString("en")} ${data.makes === 1 ? "file" : "files"}` : "Import";
    go.disabled = Boolean(data.problem) || !data.makes;
    if (!body.contains(details)) {
      clear(body);
      add(body, [details, shown]);
      cancel.before(go);
    }
    const isLong = !go.disabled && shown.offsetHeight > innerHeight / 2; // so that nobody has to look for it
    if (isLong) shown.prepend(h("div", { class: "row" }, button(go.textContent, () => write(), { kind: "primary" })));
  }
  const details = h("details", {}, h("summary", {}, "Options that settle what is doubtful"), form);

  async function write() {
    turn++;
    go.disabled = true;
    for (const one of shown.querySelectorAll("button.primary")) one.disabled = true;
    bar.hidden = false;
    bar.value = 0;
    status.textContent = "Importing";
    off = ctx.subscribe(["data_import"], (message) => {
      if (message.id !== id) return;
      bar.value = message.total ? message.done / message.total : 1;
      status.textContent = `Importing ${message.done.toLocaleString("en")} of ${message.total.toLocaleString("en")}`;
    });
    try {
      const made = await ctx.post(`/api/data/import/${id}/write`, { options: values() });
      ctx.toast(`${made.title}.`, "good");
      end(made);
    } catch (error) {
      off();
      bar.hidden = true;
      status.textContent = "Nothing was imported.";
      shown.prepend(h("p", { class: "note bad pre" }, error.message));
      go.disabled = false;
      for (const one of shown.querySelectorAll("button.primary")) one.disabled = false;
    }
  }
  upload().catch(fail);
  current = { end: () => end(), isFailed: () => failed, attach(place, then) { done = then; clear(place); add(place, [box]); } };
  return current;
}
