// Which sensor the node has, and where it is wired: a form made of the kinds that have drivers.

import { h, button, card, check, clear, field, select, text } from "/web/dom.js";
import { jobSlot, jobView } from "/web/job_view.js";

const OWN = "/own"; // a class of the user's

/** The card. An element with `.show(state)`, `.kinds(list, pins)`, `.focusForm()` and `.end()`. */
export function sensorCard(ctx) {
  const kind = select([], "", { on: { change: draw } });
  const own = text({ placeholder: "bh1750.BH1750", maxlength: 200 });
  const ownField = field("Class", own, "module.Class in the node's /lib");
  const more = h("textarea", { rows: 3, spellcheck: "false", placeholder: "rate=100" });
  const moreField = field("Further settings", more, "NAME=VALUE, one a line");
  const fields = h("fieldset", { "aria-label": "settings of the sensor" });
  const typed = new Map(); // from "kind setting" to what was filled in
  const reset = check("Reset the board if its program does not stop (--reset)");
  const attempt = button("Try it", () => start("try"), { title: "look for it and read ten samples; nothing is written" });
  const go = h("button", { type: "submit", class: "primary" }, "Set it");
  const show = button("What is set?", () => start("show"));
  const forget = button("Forget it", remove, { kind: "quiet" });
  const form = h("form", { on: { submit: (event) => { event.preventDefault(); start("set"); } } },
    h("p", { class: "muted" }, "The sensor is looked for and read; ten samples are shown. What runs on the node is interrupted, and started again. Empty fields take what is grey in them."),
    field("Kind", kind), ownField, fields, moreField, reset,
    h("div", { class: "actions" }, forget, show, attempt, go));
  const slot = jobSlot(ctx, {
    fits: (job) => job.kind === "sensor",
    view: (job) => jobView(job.id, ctx),
    onJob: (job) => { running = job?.state === "running"; enable(); },
  });
  const element = card("Sensor", form, slot);
  let kinds = [], pins = {}, running = false, port = null;

  const enable = () => { for (const each of [attempt, go, show, forget]) each.disabled = running || !port; };

  /** The fields of the chosen kind; what was typed before is there again. */
  function draw() {
    const chosen = kinds.find((each) => each.name === kind.value);
    ownField.hidden = moreField.hidden = kind.value !== OWN;
    clear(fields);
    if (!chosen) return;
    const rows = chosen.settings.map((setting) => [setting, one(chosen.name, setting)]);
    fields.append(h("div", { class: "fields" }, rows.filter(([s]) => !s.rare).map(([, node]) => node)));
    const rare = rows.filter(([s]) => s.rare).map(([, node]) => node);
    if (rare.length) fields.append(h("details", {}, h("summary", {}, "More settings"), h("div", { class: "fields" }, rare)));
  }

  function one(name, setting) {
    const key = `${name} ${setting.name}`;
    const keep = (event) => typed.set(key, event.target.value);
    const usual = setting.default ?? pins[setting.name];
    let input;
    if (setting.choices.length) {
      const rest = setting.choices.map(String);
      input = select([["", usual !== undefined && usual !== null ? `${usual}, as usual` : "as usual"], ...rest.filter((c) => c !== String(usual))], typed.get(key) || "", { on: { change: keep } });
    } else if (setting.whether) {
      input = select([["", "as usual"], ["true", "yes"], ["false", "no"]], typed.get(key) || "", { on: { change: keep } });
    } else {
      input = text({ value: typed.get(key) || "", placeholder: usual ?? "as usual", maxlength: 200, inputmode: ["path", "pins"].includes(setting.name) ? "text" : "decimal", on: { input: keep } });
    }
    input.dataset.setting = setting.name;
    return field(setting.label, input, `${setting.help}${setting.help ? " " : ""}(${setting.option})`);
  }

  function settings() {
    if (kind.value !== OWN) {
      return Object.fromEntries([...fields.querySelectorAll("[data-setting]")].filter((each) => each.value.trim()).map((each) => [each.dataset.setting, each.value]));
    }
    const pairs = more.value.split("\n").filter((line) => line.includes("=")).map((line) => [line.slice(0, line.indexOf("=")).trim(), line.slice(line.indexOf("=") + 1)]);
    return Object.fromEntries(pairs);
  }

  async function start(what) {
    const named = kind.value === OWN ? own.value.trim() : kind.value;
    const body = ["set", "try"].includes(what) ? { kind: named, settings: settings() } : {};
    await ctx.attempt(ctx.post("/api/node/sensor", { ...body, do: what, reset: reset.box.checked }));
    slot.look();
  }

  async function remove() {
    const yes = await ctx.confirm({ title: "Forget the node's sensor?", text: "The node's sensor.json goes. Without a sensor it plays the recordings that it has.", ok: "Forget it" });
    if (yes) start("remove");
  }

  element.kinds = (list, usual) => {
    const before = kind.value, same = JSON.stringify([list, usual]) === JSON.stringify([kinds, pins]);
    if (same) return;
    const first = !kinds.length;
    [kinds, pins] = [list, usual];
    if (first) {
      kind.replaceChildren(...[...list.map((each) => [each.name, `${each.what} (${each.name})`]), [OWN, "a class of your own"]].map(([value, words]) => h("option", { value }, words)));
      kind.value = before && before !== "" ? before : list[0]?.name;
      draw();
    } else { // another board: its usual pins, in fields that stay
      for (const input of fields.querySelectorAll("input[data-setting]")) if (input.dataset.setting in usual) input.placeholder = usual[input.dataset.setting];
    }
  };
  element.show = (state) => { port = state.port; enable(); };
  element.focusForm = () => { element.scrollIntoView({ block: "start", behavior: "smooth" }); kind.focus({ preventScroll: true }); };
  element.end = slot.end;
  return element;
}
