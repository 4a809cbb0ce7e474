// The form of a training: the command's own options, with its defaults and its help.

import { h, add, button, card, check, clear, field, select, text } from "/web/dom.js";
import { copy } from "/web/job_view.js";

const MAIN = {
  train: ["--test", "--window", "--epochs", "--seed", "--quick"],
  search: ["--bytes", "--ms", "--ram", "--chip", "--trials", "--minutes", "--test", "--window", "--seed"],
};
const LABELS = {
  "--test": "Groups to test on", "--window": "Window", "--epochs": "Epochs", "--seed": "Seed", "--quick": "Quick: try no other networks",
  "--bytes": "Most bytes", "--ms": "Most milliseconds", "--ram": "Most bytes of RAM", "--chip": "Chip",
  "--trials": "Networks", "--minutes": "Or minutes",
};
const EMPTY = {
  "--test": "chosen for you", "--window": "chosen for you", "--epochs": "chosen for you",
  "--bytes": "no limit", "--ms": "no limit", "--ram": "no limit",
};
const KINDS = [["train", "Train", "tries a few networks that suit such data, and takes the smallest that is as good as the best"],
  ["search", "Search within a budget", "tries many networks that fit into bytes or milliseconds, which takes longer"]];
const MOST_GROUPS = 40;
const WAIT = 300; // milliseconds without typing until the command is asked for

/**
 * The form. about: of /api/train/form. onPlan({kind, options}): what is chosen has changed, and the
 * command takes it; onStart({kind, options, name}). Gives {node, set(kind, options, name), groups(names)}.
 */
export function trainForm(about, ctx, { onPlan, onStart }) {
  let kind = "train", touched = false, timer = 0, turn = 0;
  const inputs = { train: new Map(), search: new Map() };
  const chips = h("div", { class: "row", role: "group", "aria-label": "groups to test on" });
  let groupNames = [];
  const name = text({ placeholder: about.name, maxlength: "63" });
  const shown = h("code", { class: "command" });
  const problem = h("div", { class: "note bad", role: "alert", hidden: true });
  const kept = h("small", { class: "help", role: "status" });
  const start = button("Start training", () => onStart(value()), { kind: "primary big" });
  const holder = h("div", {}); // one kind's options at a time, so that each label is there once
  const bodies = Object.fromEntries(KINDS.map(([k]) => [k, body(k)]));
  const kinds = KINDS.map(([k, title, help], i) => h("div", { class: "check" },
    h("input", { type: "radio", name: "kind", id: `kind-${k}`, value: k, checked: i === 0, on: { change: () => choose(k) } }),
    h("label", { for: `kind-${k}` }, title, h("br"), h("small", {}, help))));
  const node = card("What to train",
    h("fieldset", { class: "plain" }, h("legend", { class: "visually-hidden" }, "How"), h("div", { class: "columns" }, kinds)),
    h("div", { class: "fields" }, add(field("Name", name, "of the model"), [kept])),
    holder, h("h3", {}, "As a command"),
    h("div", { class: "row command-row" }, shown, button("Copy", () => copy(shown.textContent, ctx), { kind: "quiet" })), problem,
    h("div", { class: "actions" }, start));
  name.addEventListener("input", () => changed());
  choose("train");

  function body(k) {
    const all = about.commands[k].flatMap((group) => group.options);
    const main = MAIN[k].map((option) => all.find((one) => one.option === option)).filter(Boolean);
    const others = about.commands[k].map((group) => [group.title, group.options.filter((one) => !main.includes(one))]).filter(([, list]) => list.length);
    const test = h("div", { class: "fields" }, main.map((one) => input(k, one, LABELS[one.option])));
    return h("div", { class: "stack", "data-kind": k }, test,
      h("details", {}, h("summary", {}, "All options"), others.map(([title, list]) => h("fieldset", { class: "plain" },
        h("legend", {}, title), h("div", { class: "fields" }, list.map((one) => input(k, one)))))));
  }

  function input(k, one, label = "") {
    const named = label || (one.metavar ? `${one.option} ${one.metavar}` : one.option);
    const typed = () => { touched = true; changed(); }, on = { input: typed };
    let made, box;
    if (one.flag) {
      made = check(named, { on: { change: typed } });
      box = made.box;
      const help = h("small", { class: "help", id: `${k}${one.option}-help` }, one.help);
      box.setAttribute("aria-describedby", help.id);
      made = h("div", { class: "field" }, made, help);
    } else {
      if (one.choices.length) box = select([["", one.default || "usual"], ...one.choices.filter((c) => c !== one.default)], "", { on: { change: typed } });
      else if (one.many) box = h("textarea", { rows: "1", on });
      else box = text({ placeholder: one.default || EMPTY[one.option] || "", on });
      made = field(named, box, one.help + (one.many ? "; one a line" : ""));
    }
    inputs[k].set(one.option, { box, one, made });
    return made;
  }

  function choose(k) {
    kind = k;
    touched = false;
    clear(holder).append(bodies[k]);
    bodies[k].querySelector(".fields").after(chips);
    start.textContent = k === "search" ? "Start search" : "Start training";
    showGroups();
    changed(0);
  }

  function value() {
    const options = {};
    for (const [option, { box, one }] of inputs[kind]) {
      const given = one.flag ? box.checked : one.many ? box.value.split("\n").map((line) => line.trim()).filter(Boolean) : box.value.trim();
      if (one.many ? given.length : given) options[option] = given;
    }
    return { kind, options, name: name.value.trim() };
  }

  function changed(delay = WAIT) {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const mine = ++turn, asked = value();
      try {
        const said = await ctx.post("/api/train/command", asked);
        if (mine !== turn) return;
        shown.textContent = said.command;
        kept.textContent = `kept as ${said.name}`;
        const at = problemAt(said.problem);
        const isEarly = !touched && !at; // nothing is wrong before anything was typed
        problem.textContent = said.problem;
        problem.className = isEarly ? "note" : "note bad";
        problem.hidden = !said.problem || Boolean(at);
        if (!said.problem) onPlan(asked);
      } catch (error) {
        if (mine !== turn) return;
        problem.textContent = error.message;
        problem.hidden = false;
      }
    }, delay);
  }

  /** Say what is wrong at the field of the option that a message begins with; its words, or "". */
  function problemAt(message) {
    for (const { box, made } of inputs[kind].values()) {
      if (box.getAttribute("aria-invalid")) box.removeAttribute("aria-invalid");
      made.querySelector(".field-problem")?.remove();
    }
    const [, option, rest] = /^(?:argument )?(?:-\w\/)?(--[a-z][a-z-]*)(?:\/-[-a-z]+)*:? (.+)$/s.exec(message) || [];
    const found = inputs[kind].get(option);
    if (!found) return "";
    const why = rest.replace(/^invalid int value: /, "needs a whole number, not ").replace(/^invalid float value: /, "needs a number, not ")
      .replace(/^invalid choice: /, "has no choice ");
    const words = `${LABELS[option] || option}: ${why}`;
    found.box.setAttribute("aria-invalid", "true");
    found.made.append(h("small", { class: "field-problem bad-text", role: "alert" }, words));
    const closed = found.made.closest("details:not([open])");
    if (closed) closed.open = true;
    return words;
  }

  function tested() { return inputs[kind].get("--test").box; }

  function showGroups() {
    clear(chips);
    if (groupNames.length < 2 || groupNames.length > MOST_GROUPS || groupNames.some((g) => g.includes(","))) return;
    const chosen = () => tested().value.split(",").map((g) => g.trim()).filter(Boolean);
    add(chips, [h("small", {}, "Test on:"), groupNames.map((group) => {
      const one = button(group, () => {
        const now = chosen();
        tested().value = (now.includes(group) ? now.filter((g) => g !== group) : [...now, group]).join(",");
        one.setAttribute("aria-pressed", String(chosen().includes(group)));
        changed();
      }, { kind: "chip", label: `test on ${group}` });
      one.setAttribute("aria-pressed", String(chosen().includes(group)));
      return one;
    })]);
  }

  return {
    node,
    again: () => changed(), problemAt,
    groups(names) {
      if (names.join("\n") === groupNames.join("\n")) return;
      groupNames = names;
      showGroups();
    },
    /** Fill it in, as from a model that was made before. */
    set(k, options, called = "") {
      name.value = called;
      for (const [option, { box, one }] of inputs[k]) {
        const given = options[option];
        if (one.flag) box.checked = given === true;
        else box.value = Array.isArray(given) ? given.join("\n") : given ?? "";
      }
      node.querySelector(`#kind-${k}`).checked = true;
      choose(k);
      touched = true;
    },
    end() { clearTimeout(timer); turn++; },
  };
}
