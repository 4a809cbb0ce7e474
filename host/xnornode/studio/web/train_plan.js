// What a training would try: the candidates with their costs, and what was understood of the data.

import { h, add, card, clear, seconds, table } from "/web/dom.js";

const ms = (microseconds) => `${(microseconds / 1000).toPrecision(microseconds < 10000 ? 2 : 3)} ms`;
const long = (s) => (s < 1 ? "less than a second" : `some ${seconds(s)}`);
const time = (one, chip) => one.times.find((t) => t.chip === chip)?.microseconds;

/** A card that shows a plan. Gives {node, show(plan, {kind, options}), wait(), problem(text)}. */
export function planCard() {
  const status = h("p", { role: "status", class: "muted" }, "…"), body = h("div", { class: "stack" });
  const node = card("What would be tried", status, body);

  function show(plan, { kind, options }) {
    clear(body);
    const chips = plan.candidates.find((one) => one.times.length)?.times.map((t) => t.chip) || [];
    const over = kind === "search" ? plan.candidates.map((one) => exceeds(one, options)) : [];
    const rows = plan.candidates.map((one, i) => [
      one.name, one.bytes ? one.bytes.toLocaleString("en") : "", ...chips.map((chip) => (one.times.length ? ms(time(one, chip)) : "")),
      one.ram ? one.ram.toLocaleString("en") : "", one.seconds ? `≈ ${seconds(one.seconds)}` : "",
      one.why || (over[i] ? `made narrower: ${over[i]}` : "")]);
    const heads = ["network", "bytes", ...chips, "RAM", "training", " "];
    status.textContent = kind === "search"
      ? `First these, made narrower where they exceed the budget; then networks that are drawn at random, ${options["--minutes"] ? `for ${options["--minutes"]} minutes` : `${options["--trials"] || 27} in all`}.`
      : plan.candidates.length > 1 ? `${plan.about}. Then the chosen one is trained, in ${long(plan.seconds)} in all.` : `${plan.about}; ${long(plan.seconds)}.`;
    const parts = plan.windows;
    const held = plan.held_out.length ? `, held out: ${plan.held_out.slice(0, 12).join(", ")}${plan.held_out.length > 12 ? ", …" : ""}` : "";
    const rate = plan.window.rate ? `, ${(plan.window.length / plan.window.rate).toPrecision(3)} s` : "";
    add(body, [
      table(heads, rows, { left: ["network", " "], caption: "networks" }),
      h("dl", { class: "facts" },
        h("dt", {}, "Windows"), h("dd", {}, `${parts.training.toLocaleString("en")} training, ${parts.validation.toLocaleString("en")} validation, ${parts.test.toLocaleString("en")} test${held}`),
        plan.kind === "windows" && [h("dt", {}, "A window"), h("dd", {}, `${plan.window.length} samples${rate}, hop ${plan.window.hop}; ${plan.window.channels.slice(0, 12).join(", ")}`)],
        h("dt", {}, "To learn from"), h("dd", {}, plan.labels.map((label, i) => `${label} ${plan.training_windows[i].toLocaleString("en")}`).join(", "))),
      plan.warnings.map((warning) => h("p", { class: "note warn" }, warning)),
      plan.notes.length > 0 && h("details", {}, h("summary", {}, "What was chosen for you"), h("ul", {}, plan.notes.map((note) => h("li", {}, note)))),
    ]);
  }

  return {
    node, show,
    wait() { status.textContent = "reading the data …"; },
    problem(what) {
      clear(body);
      status.textContent = "A training would stop here:";
      body.append(h("p", { class: "note bad", role: "alert" }, what));
    },
  };
}

/** What of a budget a candidate exceeds, in words; "" for nothing. */
function exceeds(one, options) {
  const chip = (options["--chip"] || "rp2040").toUpperCase(), took = time(one, chip);
  const found = [];
  if (options["--bytes"] && one.bytes > Number(options["--bytes"])) found.push("too many bytes");
  if (options["--ms"] && took > 1000 * Number(options["--ms"])) found.push("too slow");
  if (options["--ram"] && one.ram > Number(options["--ram"])) found.push("too much RAM");
  return found.join(", ");
}
