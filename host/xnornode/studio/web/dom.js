// Elements from plain values. Text is always text: what a node or a file says is never markup.

/** An element. attributes: names as in HTML; `on`: listeners; `class`, `text`; false leaves out. */
export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "on") for (const [kind, run] of Object.entries(value)) node.addEventListener(kind, run);
    else if (name === "text") node.textContent = value;
    else if (name === "value") node.value = value;
    else if (name === "checked" || name === "disabled" || name === "hidden" || name === "selected") node[name] = Boolean(value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  add(node, children);
  return node;
}

/** Append children: nodes, texts, lists of them; null and false are left out. */
export function add(node, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

export function clear(node) {
  node.replaceChildren();
  return node;
}

/**
 * Whether what an element shows has changed since it was asked last. What is drawn anew although it is
 * the same loses a click whose press came before and whose release comes after.
 */
export function changed(node, what) {
  const now = JSON.stringify(what);
  if (node.shows === now) return false;
  node.shows = now;
  return true;
}

/** Say that an element's content is on its way, until a promise is settled; gives the promise. */
export function busy(node, promise) {
  node.setAttribute("aria-busy", "true");
  return promise.finally(() => node.removeAttribute("aria-busy"));
}

/** A button. kind: "primary", "danger", "quiet" or nothing. */
export function button(text, run, { kind = "", title, disabled = false, label } = {}) {
  return h("button", { type: "button", class: kind, title, disabled, "aria-label": label, on: { click: run } }, text);
}

let ids = 0;
/** A labelled input: label, the input, and a help text that screen readers tie to it. */
export function field(label, input, help = "") {
  const id = input.id || `f${++ids}`;
  input.id = id;
  const parts = [h("label", { for: id }, label), input];
  if (help) {
    input.setAttribute("aria-describedby", `${id}-help`);
    parts.push(h("small", { id: `${id}-help`, class: "help" }, help));
  }
  return h("div", { class: "field" }, parts);
}

export const text = (attributes = {}) => h("input", { type: "text", autocomplete: "off", spellcheck: "false", ...attributes });
export const number = (attributes = {}) => h("input", { type: "number", ...attributes });
/** options: values, or [value, text] pairs. */
export function select(options, value, attributes = {}) {
  return h("select", attributes, options.map((o) => {
    const [v, t] = Array.isArray(o) ? o : [o, o];
    return h("option", { value: v, selected: v === value }, t);
  }));
}
export function check(label, attributes = {}) {
  const id = `f${++ids}`;
  const box = h("input", { type: "checkbox", id, ...attributes });
  const node = h("div", { class: "check" }, box, h("label", { for: id }, label));
  node.box = box;
  return node;
}

/** A table; left: names of columns with text, the others hold numbers. Cells: texts or nodes. */
export function table(heads, rows, { left = heads, caption = "" } = {}) {
  const side = heads.map((head) => (left.includes(head) ? "" : "num"));
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption || "table" },
    h("table", {},
      caption && h("caption", {}, caption),
      h("thead", {}, h("tr", {}, heads.map((head, i) => h("th", { scope: "col", class: side[i] }, head)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell, i) => h("td", { class: side[i] }, cell)))))));
}

/** A section with a head. actions: what stands at the right of the head. */
export function card(title, ...children) {
  return h("section", { class: "card", "aria-label": title }, h("h2", {}, title), children);
}

export const bytes = (n) => (n < 1000 ? `${n} bytes` : n < 1e6 ? `${(n / 1000).toFixed(1)} kB` : `${(n / 1e6).toFixed(1)} MB`);
export const seconds = (s) => (s < 60 ? `${s.toFixed(1)} s` : s < 3600 ? `${Math.floor(s / 60)} min ${Math.round(s % 60)} s` : `${(s / 3600).toFixed(1)} h`);
/** A time of this place as ISO has it, to the minute: 2026-11-30 16:05. */
export function when(time) {
  const at = new Date(time), two = (n) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}
export const percent = (x) => `${(100 * x).toFixed(1)} %`;
