// The form of `xnornode flash`: firmware, library, model, own program.

import { h, add, button, bytes, card, check, field, select, text } from "/web/dom.js";
import { jobSlot, jobView } from "/web/job_view.js";

const FIRMWARES = [
  ["own", "What the board needs"], ["leave", "Leave it as it is"],
  ["native", "Leave it, add the module as a file"], ["file", "From a file"],
];
const ABOUT = {
  own: "A Pico gets XnorNode's firmware; an ESP32 with MicroPython keeps its own and gets the module as a file if it lacks it.",
  leave: "Only the library, model and program are written. (--no-firmware)",
  native: "The board keeps its MicroPython, and gets bnn.mpy beside the library: Pico W, ESP32 and others. (--native)",
  file: "MicroPython's .bin file for an ESP32, or a .uf2 file for a Pico. (--firmware)",
};

/** The card. An element with `.show(state, nodes)`, `.models(list)`, `.focusForm()` and `.end()`. */
export function setUpCard(ctx) {
  const files = { firmware: null, model: null };
  const firmware = select(FIRMWARES, "own", { on: { change: changed } });
  const firmwareFile = chooser("firmware", ".bin,.uf2"), modelFile = chooser("model", ".bnn");
  const model = select([], "", { on: { change: changed } });
  const autostart = check("Classify from power-on, by its own /main.py (--autostart)", { checked: true, on: { change: changed } });
  const watchdog = check("Start again by the hardware watchdog where the program hangs (--watchdog)");
  const replace = check("Replace a /main.py of your own; a copy stays (--replace-main)");
  const erase = check("Erase all of an ESP32's flash first (--erase)");
  const force = check("Write the firmware even if it is there (--force)");
  const drive = text({ placeholder: "found by itself", maxlength: 1000 });
  const about = h("small", { class: "help" });
  const firmwareField = field("Firmware", firmware), modelField = field("Model", model);
  firmwareField.append(about, firmwareFile);
  modelField.append(modelFile);
  const plan = button("What would be done?", () => start(true));
  const go = h("button", { type: "submit", class: "primary" }, "Set it up");
  const target = h("p", { class: "muted", role: "status" });
  const form = h("form", { on: { submit: (event) => { event.preventDefault(); start(false); }, dragover: (event) => event.preventDefault(), drop: dropped } },
    target, h("div", { class: "fields" }, firmwareField, modelField), autostart,
    h("details", {}, h("summary", {}, "More options"), watchdog, replace, erase, force,
      field("Drive of the boot loader", drive, "the folder where it is mounted, if it is not found (--drive)")),
    h("div", { class: "actions" }, plan, go));
  const slot = jobSlot(ctx, {
    fits: (job) => ["flash", "plan"].includes(job.kind),
    view: (job) => jobView(job.id, ctx, { onEnd: ended }),
    onJob: (job) => { running = job?.state === "running" && job.kind === "flash"; changed(); },
  });
  const element = card("Set up", form, slot);
  let running = false, ready = false, seen = new Date().getTime() / 1000;

  function chooser(name, accept) {
    const input = h("input", { type: "file", accept, "aria-label": `${name} file`, on: { change: () => take(name, input.files[0]) } });
    const said = h("small", { role: "status" });
    const node = h("div", { hidden: true }, input, said);
    node.said = said;
    return node;
  }

  /** Send a file to the studio, which keeps it until the set-up. */
  async function take(name, file) {
    const node = name === "firmware" ? firmwareFile : modelFile;
    if (!file) { files[name] = null; node.said.textContent = ""; changed(); return; }
    node.said.textContent = `reading ${file.name} …`;
    files[name] = null;
    const kept = await ctx.attempt(ctx.upload("/api/node/file", [file]));
    files[name] = kept || null;
    node.said.textContent = kept ? `${kept.name}, ${bytes(kept.bytes)}` : "not read";
    changed();
  }

  function dropped(event) {
    event.preventDefault();
    for (const file of event.dataTransfer.files) {
      const name = file.name.toLowerCase().endsWith(".bnn") ? "model" : "firmware";
      (name === "model" ? model : firmware).value = name === "model" ? "/file" : "file";
      take(name, file);
    }
    changed();
  }

  function changed() {
    about.textContent = ABOUT[firmware.value];
    firmwareFile.hidden = firmware.value !== "file";
    modelFile.hidden = model.value !== "/file";
    for (const box of [watchdog, replace]) box.box.disabled = !autostart.box.checked;
    erase.box.disabled = firmware.value !== "file";
    force.box.disabled = ["leave", "native"].includes(firmware.value);
    const waits = (firmware.value === "file" && !files.firmware) || (model.value === "/file" && !files.model);
    plan.disabled = go.disabled = running || waits || !(ready || drive.value);
  }

  function request(dry_run) {
    const on = (each) => each.box.checked && !each.box.disabled;
    return {
      firmware: firmware.value, firmware_file: firmware.value === "file" ? files.firmware.id : "",
      model: model.value === "/file" ? "" : model.value, model_file: model.value === "/file" ? files.model.id : "",
      autostart: autostart.box.checked, watchdog: on(watchdog), replace_main: on(replace),
      erase: on(erase), force: on(force), drive: force.box.disabled ? "" : drive.value.trim(), dry_run,
    };
  }

  async function start(dry) {
    const wanted = request(dry);
    if (!dry && wanted.erase && !(await ctx.confirm({
      title: "Erase the board's flash?", text: "Models, recordings and all other files on the board go, and cannot be brought back.", ok: "Erase and set up", danger: true,
    }))) return;
    if (!dry && wanted.replace_main && !(await ctx.confirm({
      title: "Replace the program on the board?", text: "If the board has a /main.py of your own, XnorNode's takes its place. Yours stays on the board as /main_before.py.", ok: "Replace it",
    }))) return;
    await ctx.attempt(ctx.post("/api/node/flash", wanted));
    slot.look();
  }

  function ended(job) {
    if (job.kind !== "flash" || job.started < seen) return;
    if (job.state === "done") ctx.toast("The board is set up.", "good");
    else ctx.toast(`The set-up has ${job.state === "stopped" ? "stopped" : "failed"}: see the page Node.`, "bad");
  }

  element.show = (state, nodes) => {
    const free = nodes.drives[0];
    ready = Boolean(state.port || free);
    target.textContent = state.port ? `For the board on ${state.port}. What is on it already, byte for byte, is left alone.`
      : free ? `For the ${free.board} in its boot loader, drive ${free.folder}.` : "Choose a board first, or name the drive of a Pico in its boot loader below.";
    changed();
  };
  element.models = (list) => {
    const before = model.value;
    model.replaceChildren();
    add(model, [["", "None: leave what is there"], ...list.map((each) => [each.name, `${each.name}, ${bytes(each.bytes)}`]), ["/file", "From a file …"]]
      .map(([value, words]) => h("option", { value }, words)));
    model.value = [...model.options].some((option) => option.value === before) ? before : "";
    changed();
  };
  element.focusForm = () => { element.scrollIntoView({ block: "start", behavior: "smooth" }); firmware.focus({ preventScroll: true }); };
  element.end = slot.end;
  drive.addEventListener("input", changed);
  element.models([]);
  return element;
}
