// What is plugged in, and which of it the studio follows.

import { h, button, card, changed, clear, field, number, select, text } from "/web/dom.js";

/** The card. An element with `.show(nodes, state)`. onSetUp(): a blank board is to be set up. */
export function boardsCard(ctx, { lines, onSetUp }) {
  const list = h("ul", { class: "rows", "aria-label": "boards" });
  const none = h("p", { class: "empty" }, "No board is plugged in. Take a USB cable that carries data; hold BOOTSEL on a new Pico while you plug it in.");
  const name = text({ placeholder: "socket://192.168.4.1:5000", maxlength: 300 });
  const baud = number({ min: 300, max: 12000000, placeholder: "115200" });
  const which = select([["", "as usual"], ...lines], "");
  const wrong = h("div", { class: "note bad", id: "port-wrong", role: "alert", hidden: true });
  const named = field("Another port", name, "a serial port, socket://HOST:PORT or rfc2217://HOST:PORT");
  name.setAttribute("aria-describedby", `${name.getAttribute("aria-describedby")} ${wrong.id}`);
  named.append(wrong);
  const form = h("form", { novalidate: true, on: { submit: byHand } },
    named,
    h("details", {}, h("summary", {}, "How it is opened"), h("div", { class: "fields" },
      field("Bits per second", baud), field("DTR and RTS", which, "which are set while the port is open"))),
    h("div", { class: "actions" }, h("button", { type: "submit" }, "Use this port")));
  const element = card("Boards", h("div", { "aria-live": "polite" }, list, none), form);

  let tried = "", seen = false; // a port that was typed, until it has opened

  /** What is wrong with the port that was typed; nothing if that is nothing. */
  function fault(text) {
    wrong.hidden = !text;
    if (wrong.textContent !== text) wrong.textContent = text;
    if (text) name.setAttribute("aria-invalid", "true"); else name.removeAttribute("aria-invalid");
  }

  async function byHand(event) {
    event.preventDefault();
    const port = name.value.trim();
    fault(port ? "" : "Name a port first.");
    if (!port) { name.focus(); return; }
    try {
      tried = (await ctx.post("/api/node/choose", { port, baud: baud.value ? Number(baud.value) : null, lines: which.value || null })).port;
      seen = false;
    } catch (error) { fault(error.message); name.focus(); }
  }

  /** A port that was typed has opened, or cannot be opened. */
  function follow(state) {
    if (!tried) return;
    if (state.port !== tried) { // what comes first may be of the port before
      if (seen) { tried = ""; fault(""); }
      return;
    }
    seen = true;
    if (state.connected) { tried = name.value = ""; fault(""); } else fault(state.problem || "");
  }

  const choose = (port, how = {}) => ctx.attempt(ctx.post("/api/node/choose", { port, ...how }));

  function row(port, state) {
    const away = port.chosen && !state.connected;
    const use = port.opened === false ? "does not open yet" : away ? "in use, away" : "in use";
    return h("li", { class: "spread" },
      h("div", {}, h("strong", {}, port.name), " ",
        port.chosen && h("span", { class: `tag ${away ? "warn" : "good"}` }, use),
        !port.there && !port.chosen && h("span", { class: "tag" }, "away"),
        h("br"), h("small", {}, [port.what, port.usb && `USB ${port.usb}`, port.serial && `serial number ${port.serial}`].filter(Boolean).join(" · "))),
      h("div", { class: "row" },
        port.chosen
          ? button("Let go", () => choose(null), { label: `Let go of ${port.name}`, title: "close the port, for another program" })
          : button("Use", () => choose(port.name), { label: `Use ${port.name}` }),
        port.typed && !port.chosen && button("Forget", () => ctx.attempt(ctx.post("/api/node/forget", { port: port.name })), { kind: "quiet", label: `Forget ${port.name}` })));
  }

  element.show = (nodes, state) => {
    follow(state);
    if (!changed(list, [nodes.drives, nodes.ports, state.connected])) return;
    const focused = list.contains(document.activeElement) && document.activeElement.getAttribute("aria-label");
    clear(list);
    for (const drive of nodes.drives) {
      list.append(h("li", { class: "spread" },
        h("div", {}, h("strong", {}, `${drive.board} in its boot loader`), h("br"), h("small", {}, `drive ${drive.folder}: it waits for firmware`)),
        button("Set it up", onSetUp)));
    }
    for (const port of nodes.ports) list.append(row(port, state));
    none.hidden = list.children.length > 0;
    list.hidden = !none.hidden;
    if (focused) [...list.querySelectorAll("button")].find((each) => each.getAttribute("aria-label") === focused)?.focus();
  };
  return element;
}
