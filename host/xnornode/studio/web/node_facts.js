// What is known of the chosen node, in plain words.

import { h, button, bytes, card, clear } from "/web/dom.js";

/** The card. An element with `.show(state, version, look)` and `.busy(job)`. */
export function factsCard(ctx, { onUpdate, onDoctor, onSetUp }) {
  const note = h("div", { role: "status" }), list = h("dl", { class: "facts" });
  const element = card("This node", note, list);
  let shownNote = "", last = [{}, "", null], work = null;

  function tell(key, kind, words, ...buttons) {
    if (key === shownNote) return;
    shownNote = key;
    clear(note);
    if (key) note.append(h("div", { class: `note ${kind}` }, words, buttons.length > 0 && h("div", { class: "row" }, buttons)));
  }

  /** What to say of a port on which no node says hello, from what a look has found. */
  function unknown({ kind, board, problem }) {
    const setUp = () => button("Set it up", onSetUp), find = () => button("Find out", onDoctor);
    if (problem) return [problem, find()];
    if (kind === "prompt" && board && !(board.library && board.module)) {
      return [`This board has MicroPython ${board.version} (${board.machine}), but not XnorNode: set it up.`, setUp()];
    }
    if (kind === "prompt") return ["This board's REPL waits for commands, and no program runs. Start your program, or set the board up so that it classifies from power-on.", setUp(), find()];
    if (kind === "talks") return ["A program runs there that does not answer as a node does. “Find out” interrupts it.", find(), setUp()];
    if (kind === "silent") return ["The port is open, but nothing comes from it. Is it the right port, and is MicroPython on the board? “Find out” interrupts what runs there.", setUp(), find()];
    return ["The node answers, and says nothing by itself.", find()];
  }

  function judge(state, version, look) {
    const hello = state.hello;
    if (!state.port) return tell("none", "", "No board is chosen. Plug one in, or name its port.");
    if (work) return tell(`work ${work.id}`, "", `${work.title}. The node is away until that is done.`);
    if (!state.connected) return tell(state.problem || "away", "warn", state.problem || `Opening ${state.port} …`);
    if (!hello && !state.ready) {
      const seen = look?.port === state.port ? look : null;
      return seen ? tell(`look ${JSON.stringify(seen)}`, "warn", ...unknown(seen)) : tell("wait", "", `${state.port} is open, waiting for the node …`);
    }
    if (hello && version && hello.library !== version) {
      return tell(`library ${hello.library}`, "", `The node has XnorNode's library ${hello.library}, this computer ${version}. Models, sensor, recordings and your own files stay with an update.`, button("Update the library", onUpdate));
    }
    const runs = hello?.running || state.ready; // a hello may be from before the program's start
    if (!runs && !hello.model) {
      return tell("model", "good", "The node is ready, and has no model yet: record what it is to tell apart, train, and push what comes out.",
        button("Record", () => ctx.go("record")), button("Choose a model", () => ctx.go("models")));
    }
    if (!runs && !state.predictions) {
      return tell("idle", "", "Nothing classifies on it: it is at the REPL, or its program has failed and starts again soon.", button("Find out", onDoctor));
    }
    return tell("", "", "");
  }

  element.show = (state, version, look) => {
    last = [state, version, look];
    judge(state, version, look);
    clear(list);
    for (const [name, what] of facts(state)) if (what) list.append(h("dt", {}, name), h("dd", {}, what));
  };
  /** job: a command that has the port for itself, or null. */
  element.busy = (job) => { work = job; element.show(...last); };
  return element;
}

/** Pairs of a name and what is known; where nothing is known, an empty text. */
export function facts(state) {
  const { hello, ready, sensor } = state;
  const model = hello?.model;
  const count = (n, one, many) => (n ? `${n.toLocaleString("en")} ${n === 1 ? one : many}` : "");
  const troubles = [
    count(state.lost, "prediction lost", "predictions lost"), count(state.damaged, "damaged line", "damaged lines"),
    count(state.restarts, "restart of its program", "restarts of its program"), count(state.reconnections, "reconnection", "reconnections"),
  ].filter(Boolean).join(", ");
  const rate = sensor?.rate_mhz ? `${sensor.sensor}, ${sensor.rate_mhz / 1000} Hz: ${sensor.channels.join(", ")}` : "";
  return [
    ["board", hello?.machine || ready?.machine],
    ["port", state.port],
    ["MicroPython", hello?.firmware || ready?.firmware],
    ["library", hello ? `${hello.library}, module bnn ${hello.bnn}` : ready ? `module bnn ${ready.bnn}` : ""],
    ["model", modelText(model, ready) || (hello ? "none" : "")],
    ["classes", ready?.labels?.join(", ")],
    ["sensor", rate || hello?.channels?.join(", ")],
    ["free memory", hello ? `${bytes(hello.ram)} of RAM, ${bytes(hello.flash)} of flash` : ""],
    ["models from", hello ? (hello.signed ? "whoever has its key: it takes signed models only" : "anybody who reaches its port") : ""],
    ["predictions", state.predictions ? state.predictions.toLocaleString("en") : ""],
    ["since opened", hello || ready ? troubles || "nothing was lost" : ""],
  ];
}

function modelText(model, ready) {
  if (ready?.model) return `${ready.model}, revision ${ready.revision}, ${bytes(ready.bytes)}`;
  if (!model) return "";
  const trial = model.trial !== null ? ", on trial until it classifies a window" : "";
  return `${model.name || "one that cannot be loaded"}, revision ${model.revision}, ${bytes(model.bytes)}${trial}`;
}
