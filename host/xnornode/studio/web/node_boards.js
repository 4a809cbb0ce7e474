// What is plugged in, and which of it the studio follows.

import { h, button, card, clear, field, number, select, text } from "/web/dom.js";

/** The card. An element with `.show(nodes, state)`. onSetUp(): a blank board is to be set up. */
export function boardsCard(ctx, { lines, onSetUp }) {
  const list = h("ul", { class: "rows", "aria-label": "boards" });
  const none = h("p", { class: "empty" }, "No board is plugged in. Take a USB cable that carries data; hold BOOTSEL on a new Pico while you plug it in.");
  const name = text({ placeholder: "socket://192.168.4.1:5000", maxlength: 300 });
  const baud = number({ min: 300, max: 12000000, placeholder: "115200" });
  const which = select([["", "as usual"], ...lines], "");
  const form = h("form", { on: { submit: byHand } },
    field("Another port", name, "a serial port, socket://HOST:PORT or rfc2217://HOST:PORT"),
    h("details", {}, h("summary", {}, "How it is opened"), h("div", { class: "fields" },
      field("Bits per second", baud), field("DTR and RTS", which, "which are set while the port is open"))),
    h("div", { class: "actions" }, h("button", { type: "submit" }, "Use this port")));
  const element = card("Boards", h("div", { "aria-live": "polite" }, list, none), form);

  async function byHand(event) {
    event.preventDefault();
    const port = name.value.trim();
    if (!port) { name.focus(); return; }
    if (await choose(port, { baud: baud.value ? Number(baud.value) : null, lines: which.value || null })) name.value = "";
  }

  const choose = (port, how = {}) => ctx.attempt(ctx.post("/api/node/choose", { port, ...how }));

  function row(port, state) {
    const away = port.chosen && !state.connected;
    return h("li", { class: "spread" },
      h("div", {}, h("strong", {}, port.name), " ",
        port.chosen && h("span", { class: `tag ${away ? "warn" : "good"}` }, away ? "in use, away" : "in use"),
        !port.there && !port.chosen && h("span", { class: "tag" }, "away"),
        h("br"), h("small", {}, [port.what, port.usb && `USB ${port.usb}`, port.serial && `serial number ${port.serial}`].filter(Boolean).join(" · "))),
      h("div", { class: "row" },
        port.chosen
          ? button("Let go", () => choose(null), { label: `Let go of ${port.name}`, title: "close the port, for another program" })
          : button("Use", () => choose(port.name), { label: `Use ${port.name}` }),
        port.typed && !port.chosen && button("Forget", () => ctx.attempt(ctx.post("/api/node/forget", { port: port.name })), { kind: "quiet", label: `Forget ${port.name}` })));
  }

  element.show = (nodes, state) => {
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
