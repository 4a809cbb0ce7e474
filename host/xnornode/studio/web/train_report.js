// A report's figures as tables: accuracy, confusion, classes, groups, what was tried, hints.

import { h, percent, table, bytes } from "/web/dom.js";

const share = (x) => (x === null || x === undefined ? "–" : percent(x));
const MOST = 40; // classes whose confusion is shown cell by cell

/** How long a classification takes, as a person says it. */
export const took = (us) => (us < 1000 ? `${Math.round(us)} µs` : `${(us / 1000).toPrecision(us < 10000 ? 2 : 3)} ms`);

/** A heat table: a row per true class, a column per predicted one; the numbers are in the cells. */
export function confusion(labels, counts, { caption = "Confusion: a row per true class, a column per predicted one" } = {}) {
  if (labels.length > MOST) return h("p", { class: "muted" }, `${labels.length} classes: the report shows their confusion.`);
  const rows = counts.map((row, i) => {
    const total = row.reduce((a, b) => a + b, 0);
    return h("tr", {}, h("th", { scope: "row" }, labels[i]), row.map((count, j) => {
      const part = total ? count / total : 0;
      const cell = h("td", { class: `num heat ${i === j ? "right" : "wrong"}`, title: `${labels[i]} taken for ${labels[j]}: ${count} of ${total}` },
        count ? [String(count), h("small", {}, ` ${Math.round(100 * part)} %`)] : "·");
      cell.style.setProperty("--share", part.toFixed(3));
      return cell;
    }));
  });
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "confusion matrix" },
    h("table", { class: "confusion" }, h("caption", {}, caption),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "true \\ predicted"), labels.map((label) => h("th", { scope: "col", class: "num" }, label)))),
      h("tbody", {}, rows)));
}

/** The figures that matter most, side by side. */
export function headline(report) {
  const cost = report.cost, figure = (value, what) => h("div", { class: "figure" }, h("b", {}, value), h("small", {}, what));
  return h("div", { class: "figures" },
    figure(percent(report.accuracy), `accuracy on ${report.counts.test.toLocaleString("en")} windows that it has not seen; 95 % interval ${percent(report.interval[0])} to ${percent(report.interval[1])}`),
    figure(bytes(cost.file_bytes), "the model"),
    figure(bytes(cost.ram.total ?? sum(cost.ram)), "RAM on the node"),
    cost.times.map((t) => figure(took(t.microseconds), `a window on ${t.chip}, estimated`)));
}

const sum = (ram) => Object.values(ram).reduce((a, b) => a + (typeof b === "number" ? b : 0), 0);

/** All of a report as elements; choice: with what was tried before. */
export function reportView(report, { choice = true } = {}) {
  const tried = (choice && report.choice?.tried) || [];
  return [
    headline(report),
    h("p", { class: "muted" }, report.interval_how),
    report.hints.map((hint) => h("div", { class: "note warn" }, h("p", {}, `${hint.text}.`), hint.tries.length > 0 && [h("p", {}, "Try:"), h("ul", {}, hint.tries.map((one) => h("li", {}, one)))])),
    report.warnings.map((warning) => h("p", { class: "note warn" }, warning)),
    h("div", { class: "columns" },
      confusion(report.labels, report.confusion),
      table(["class", "windows", "recall", "precision", "F1"], report.classes.map((c) => [c.label, c.windows.toLocaleString("en"), share(c.recall), share(c.precision), share(c.f1)]), { left: ["class"], caption: "By class" }),
      report.groups.length > 0 && table(["group", "windows", "accuracy"], report.groups.map((g) => [g.group, g.windows.toLocaleString("en"), percent(g.accuracy)]), { left: ["group"], caption: "By group" }),
      report.baselines.length > 0 && table(["method", "accuracy", "model is ahead by"], report.baselines.map((b) => [b.name, percent(b.accuracy), `${(100 * b.lead).toFixed(1)} points`]), { left: ["method"], caption: "Simpler methods on the same inputs" })),
    tried.length > 0 && table(["network", "accuracy", "behind", "bytes", "a window", " "], tried.map((t, i) => [
      t.name, `${percent(t.accuracy)} ± ${(100 * t.error).toFixed(1)}`, t.behind ? `${(100 * t.behind).toFixed(1)} ± ${(100 * t.behind_error).toFixed(1)}` : "",
      t.bytes.toLocaleString("en"), took(t.microseconds), i === report.choice.best ? h("span", { class: "tag good" }, "chosen") : ""]), { left: ["network", " "], caption: `What was tried: ${report.choice.why}` }),
    report.notes.length > 0 && h("details", {}, h("summary", {}, "Notes"), h("ul", {}, report.notes.map((note) => h("li", {}, note)))),
  ];
}

/** The command's own report, in a frame that runs nothing. */
export function reportFrame(name) {
  const address = `/api/models/${encodeURIComponent(name)}/report.html`;
  const holder = h("details", { class: "report" }, h("summary", {}, "The whole report"));
  holder.addEventListener("toggle", () => {
    if (holder.open && !holder.querySelector("iframe")) {
      holder.append(h("iframe", { sandbox: "", src: address, title: `report of ${name}`, class: "report", loading: "lazy" }));
    }
  });
  return holder;
}
