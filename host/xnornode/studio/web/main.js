// The shell: pages, theme, node chip, toasts, questions, keys.

import { h, add, button, clear } from "/web/dom.js";
import * as net from "/web/net.js";
import { themeChanged } from "/web/colours.js";

const PAGES = ["node", "record", "data", "train", "models", "live", "fleet"];
const TITLES = { node: "Node", record: "Record", data: "Data", train: "Train", models: "Models", live: "Live", fleet: "Fleet" };
const STYLED = ["record", "data", "train", "models", "live", "fleet"]; // pages with a style sheet of their own, web/pages/X.css
const TOAST = 6000, REFUSAL = 20000; // milliseconds that a message stays
const MAIN_BUTTONS = "main button.primary, main button.danger, main button.big";

const main = document.getElementById("main");
const banner = document.getElementById("banner");
const chip = document.getElementById("node-chip");
const toasts = document.getElementById("toasts");
let current = "", unmount = null, turn = 0;

/** about: what was asked for; a message of a refusal goes when that succeeds. */
function toast(text, kind = "", about = "") {
  for (const same of [...toasts.children]) if (about && same.dataset.about === about) same.remove();
  const node = h("div", { class: `toast ${kind}`, "data-about": about }, h("span", {}, text), button("×", () => node.remove(), { kind: "quiet", label: "Close this message" }));
  toasts.append(node);
  const end = () => { // not while it is read or its button is reached
    if (node.matches(":hover, :focus-within")) setTimeout(end, TOAST); else node.remove();
  };
  setTimeout(end, kind === "bad" ? REFUSAL : TOAST);
  while (toasts.children.length > 4) toasts.firstChild.remove();
  place();
}

function forget(which) {
  for (const node of toasts.querySelectorAll(".toast.bad")) if (which(node)) node.remove();
}

/** The messages stand in a corner where they cover no main button; what is seen changes as it scrolls. */
function place() {
  if (!toasts.children.length) return;
  const free = () => {
    const box = toasts.getBoundingClientRect();
    return [...document.querySelectorAll(MAIN_BUTTONS)].every((each) => {
      const its = each.getBoundingClientRect();
      return !its.width || its.right < box.left || its.left > box.right || its.bottom < box.top || its.top > box.bottom;
    });
  };
  if (toasts.dataset.corner && free()) return;
  for (const corner of ["bottom right", "bottom left", "top right", "top left"]) {
    toasts.dataset.corner = corner;
    if (free()) return;
  }
  toasts.dataset.corner = "bottom right";
}

/** A request whose refusals are known by what was asked for. */
const known = (ask) => async (path, ...rest) => {
  const about = path.split("?")[0];
  try {
    const found = await ask(path, ...rest);
    forget((node) => node.dataset.about === about);
    return found;
  } catch (error) { error.about = about; throw error; }
};

/** A dialog. Gives a promise of whether it was agreed to. body: nodes beside the text. */
function ask({ title, text = "", body = null, ok = "OK", cancel = "Cancel", danger = false }) {
  return new Promise((done) => {
    const dialog = h("dialog", { "aria-label": title });
    const close = (value) => { dialog.close(); dialog.remove(); done(value); };
    add(dialog, [
      h("h2", {}, title), text && h("p", {}, text), body,
      h("div", { class: "actions" },
        cancel && button(cancel, () => close(false)),
        button(ok, () => close(true), { kind: danger ? "danger" : "primary" })),
    ]);
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); close(false); });
    document.body.append(dialog);
    dialog.showModal();
  });
}

const ctx = {
  get: known(net.get), post: known(net.post), upload: known(net.upload), subscribe: net.subscribe, onConnection: net.onConnection,
  toast, confirm: ask, go: (page) => { location.hash = `#/${page}`; },
  state: { port: null, connected: false },
  /** Run a request; its error becomes a message. Gives undefined then. */
  async attempt(promise) {
    try { return await promise; } catch (error) { toast(error.message, "bad", error.about); return undefined; }
  },
};

/** What the address asks for: a page, and what of it. */
function asked() {
  const [wanted, ...rest] = location.hash.replace(/^#\//, "").split("/");
  return [PAGES.includes(wanted) ? wanted : "node", ...rest];
}

async function show() {
  const [name, ...rest] = asked();
  const place = [name, ...rest].join("/");
  const mine = ++turn;
  if (main.dataset.shown === place) return; // the page Node has two addresses
  const path = `/web/pages/${name}.js`;
  // A connection to a studio that has ended may break here, and a browser keeps a failed import
  let module;
  try { module = await import(path).catch(() => import(`${path}?again=${mine}`)); } catch {
    if (mine === turn) toast(`The page ${TITLES[name]} could not be loaded: is \`xnornode studio\` still running? Click on its name again then.`, "bad");
    return;
  }
  if (mine !== turn) return;
  delete main.dataset.shown;
  try { unmount?.(); } catch (error) { console.error(error); }
  clear(main);
  if (name !== current) forget(() => true);
  main.className = `page-${name}`;
  current = name;
  document.title = `${TITLES[name]} · XnorNode studio`;
  for (const link of document.querySelectorAll(".tabs a")) {
    if (link.dataset.page === name) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  }
  ctx.path = rest.map(decodeURIComponent);
  unmount = module.default.mount(main, ctx) || null;
  main.dataset.shown = place;
}

function makeTabs() {
  add(document.querySelector(".tabs"), PAGES.map((name, i) =>
    h("a", { href: `#/${name}`, "data-page": name, "aria-keyshortcuts": String(i + 1), on: { click: again } }, TITLES[name])));
}

/** A page that could not be loaded is asked for once more: its address does not change. */
function again(event) {
  if (event.currentTarget.hash === location.hash) show();
}

function watchNode() {
  net.subscribe(["node"], ({ state }) => {
    ctx.state = state;
    const name = state.hello?.machine?.split(" with ")[0] || state.port;
    const away = state.port && !state.connected;
    const shown = away ? state.port.replace(/^\/dev\//, "") : state.port ? name : "no node";
    chip.replaceChildren(h("span", {}, shown), ...(away ? [h("b", {}, "away")] : []));
    chip.className = `node-chip ${state.port && state.connected ? "good" : state.port ? "warn" : ""}`;
    chip.title = [state.port, state.problem].filter(Boolean).join(": ") || "choose a node";
  });
  chip.addEventListener("click", () => ctx.go("node"));
  net.onConnection(async (open) => {
    banner.hidden = open;
    if (open) return;
    banner.textContent = "The studio does not answer. Is `xnornode studio` still running? Recordings and trainings are safe.";
    try { await net.get("/api/about"); } catch (error) {
      if (error.message.includes("token")) banner.textContent = "The studio was started again: open the new address that it has printed.";
    }
  });
}

function theme() {
  const kept = localStorage.getItem("theme");
  if (kept) document.documentElement.dataset.theme = kept;
  document.getElementById("theme").addEventListener("click", () => {
    const dark = document.documentElement.dataset.theme
      ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.theme = dark ? "light" : "dark";
    localStorage.setItem("theme", document.documentElement.dataset.theme);
    themeChanged();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", themeChanged);
}

function keys() {
  const rows = [["1 to 7", "the pages"], ["?", "this list"], ["Esc", "close a question"]];
  const help = () => {
    const own = [...document.querySelectorAll("[data-keys]")].flatMap((node) => node.dataset.keys.split(";").map((part) => part.split("=")));
    ask({ title: "Keys", cancel: "", ok: "Close", body: h("dl", { class: "keys" }, [...rows, ...own].map(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)])) });
  };
  document.getElementById("help").addEventListener("click", help);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest?.("input, select, textarea, [contenteditable]")) return;
    const page = PAGES[Number(event.key) - 1];
    if (page) ctx.go(page);
    else if (event.key === "?") help();
  });
}

for (const name of STYLED) document.head.append(h("link", { rel: "stylesheet", href: `/web/pages/${name}.css` }));
makeTabs();
theme();
keys();
watchNode();
net.connect();
document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });
addEventListener("hashchange", show);
addEventListener("scroll", place, { passive: true });
addEventListener("resize", place);
show();
