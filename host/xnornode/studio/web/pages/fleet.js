// Fleet: all nodes on an MQTT broker, with the model, the last day and the update of each.

import { h, add, button, card, changed, check, clear, field, number, percent, text, when } from "/web/dom.js";

const HEADS = [["node"], ["board"], ["model"], ["a second", "num"], ["lost", "num"], ["seen", "num"], ["last 24 hours"], ["sure", "num"], ["update"], ["trouble"]];
const LABELS = 4; // of a mix that are shown

/** How long ago something was. */
export function ago(ms) {
  if (ms === null) return "–";
  const s = Math.round(ms / 1000);
  return s < 120 ? `${s} s` : s < 7200 ? `${Math.round(s / 60)} min` : s < 172800 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86400)} d`;
}

/** The largest shares of a mix of labels, in words. */
export function mix(labels) {
  const all = Object.entries(labels), shown = all.slice(0, LABELS).map(([name, share]) => `${name} ${Math.round(100 * share)} %`);
  return shown.join(", ") + (all.length > LABELS ? `, ${all.length - LABELS} more` : "");
}

function updateTag(row) {
  const kind = { UPDATED: "good", FAILED: "bad" }[row.update] || "warn";
  const word = row.update === "DOWNLOADING" ? `DOWNLOADING ${row.progress} %` : row.update;
  return [row.update && h("span", { class: `tag ${kind}` }, word), row.latest && h("div", { class: "muted" }, `should have ${row.latest}`)];
}

export default {
  title: "Fleet",
  mount(root, ctx) {
    const said = h("div", {}), rollouts = h("div", {}), list = h("div", {}), chosen = h("div", {});
    const wanted = text({ placeholder: "part of a name, a model, a trouble" });
    const filter = field("Show only", wanted);
    add(root, [h("h1", {}, "Fleet"), said, rollouts, list, chosen]);
    let fleet = null;
    wanted.addEventListener("input", show);
    const leave = ctx.subscribe(["fleet"], (message) => { fleet = message.fleet; show(); });
    form(null);
    ctx.attempt(ctx.get("/api/fleet")).then((found) => found && form(found));

    function form(found) {
      const broker = found?.broker;
      if (!changed(chosen, [broker])) return;
      const host = text({ value: broker?.host || "localhost", required: true }), port = number({ min: 0, max: 65535, value: broker ? broker.port : "" });
      const user = text({ value: broker?.user || "" }), password = h("input", { type: "password", autocomplete: "off" });
      const prefix = text({ value: broker?.prefix || "xnornode" }), tls = check("TLS", { checked: broker?.tls });
      const send = async (event) => {
        event.preventDefault();
        const now = await ctx.attempt(ctx.post("/api/fleet", { host: host.value.trim(), port: Number(port.value) || 0, user: user.value, password: password.value, tls: tls.box.checked, prefix: prefix.value.trim() }));
        if (now) form(now);
      };
      const forget = async () => { const now = await ctx.attempt(ctx.post("/api/fleet/leave", {})); if (now) form(now); };
      add(clear(chosen), [card("Broker",
        found?.problem && h("p", { class: "note bad" }, found.problem),
        h("form", { on: { submit: send } },
          h("div", { class: "fields" },
            field("Host", host, "of the MQTT broker that nodes and gateways use"), field("TCP port", port, "empty: 1883, or 8883 with TLS"),
            field("User", user), field("Password", password, "not kept: it is asked for again after a restart of the studio"),
            field("Prefix of the topics", prefix)),
          tls,
          h("div", { class: "actions" }, broker && button("Forget it", forget), h("button", { type: "submit", class: "primary" }, "Watch this broker"))))]);
    }

    function show() {
      if (!fleet) return;
      form(fleet);
      showSaid();
      showRollouts();
      showNodes();
    }

    function showSaid() {
      const { broker, connected, why, nodes, gateways, problems, left_out: left } = fleet;
      const without = connected ? nodes.filter((row) => !row.updates).length : 0;
      if (!changed(said, [broker, connected, why, nodes.length, nodes.filter((row) => row.there).length, without, gateways, problems, left])) return;
      clear(said);
      if (!broker) { add(said, [h("p", { class: "empty" }, "Name the MQTT broker below. Nodes get there by ", h("code", {}, "xnornode gateway"), ", or speak MQTT themselves.")]); return; }
      add(said, [
        !connected && h("p", { class: "note warn", role: "status" }, `The broker ${broker.where} is not connected: ${why || "connecting"}`),
        h("p", {}, `${nodes.filter((row) => row.there).length} of ${nodes.length + left} nodes are there, on ${broker.where} below ${broker.prefix}.`, left ? ` The first ${nodes.length} are shown.` : ""),
        without > 0 && h("p", { class: "note warn" }, `No gateway is there to put models on ${without} of them: start xnornode gateway, with native = true for nodes that speak MQTT themselves.`),
        gateways.filter((each) => !each.there).map((each) => h("p", { class: "note warn" }, `The gateway ${each.gateway} is away.`)),
        gateways.flatMap((each) => each.trouble.map((trouble) => h("p", { class: "note warn" }, `Gateway ${each.gateway}: ${trouble}`))),
        problems.map((problem) => h("p", { class: "note bad" }, `Not understood: ${problem}`)),
      ]);
    }

    function showRollouts() {
      const open = fleet.rollouts;
      if (!changed(rollouts, open.map(({ beat, ...rest }) => rest))) return;
      clear(rollouts);
      if (!open.length) return;
      const kind = { running: "", done: "good", halted: "bad", cancelled: "warn" };
      add(rollouts, [card("Roll-outs", h("ul", { class: "rows" }, open.map((each) => h("li", {},
        h("div", {}, h("strong", {}, `${each.name}, revision ${each.revision} `), h("span", { class: `tag ${kind[each.state]}` }, each.state), ` since ${each.time ? when(each.time) : "–"}`),
        h("progress", { max: each.nodes, value: each.updated, "aria-label": `nodes that run ${each.name}` }),
        h("div", { class: "muted" }, `stage ${each.stage} of ${each.stages.length}; ${each.updated} of ${each.nodes} nodes run it`),
        each.why && h("p", { class: "note bad" }, each.why),
        Object.entries(each.failed).slice(0, 8).map(([node, why]) => h("div", { class: "muted" }, `${node}: ${why}`)),
        (each.state === "halted" || each.state === "running") && h("div", { class: "muted" }, "go on: ", h("code", {}, `xnornode fleet resume ${each.id}`), "; end it: ", h("code", {}, `xnornode fleet cancel ${each.id}`))))))]);
    }

    function showNodes() {
      const part = wanted.value.trim().toLowerCase();
      const rows = fleet.nodes.filter((row) => !part || [row.node, row.board, row.model, row.trouble, row.update].some((value) => value.toLowerCase().includes(part)));
      if (!changed(list, [rows, fleet.nodes.length > 0])) return;
      const at = document.activeElement === wanted;
      clear(list);
      if (!fleet.nodes.length) { if (fleet.connected) add(list, [h("p", { class: "empty" }, "No node has been on this broker.")]); return; }
      const body = rows.map((row) => h("tr", { role: "row" }, cells(row).map((cell, i) => h("td", { role: "cell", class: HEADS[i][1], "data-head": HEADS[i][0] }, cell))));
      add(list, [card("Nodes", filter, h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "nodes" },
        h("table", { class: "fleet", role: "table" },
          h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, HEADS.map(([head, side]) => h("th", { scope: "col", role: "columnheader", class: side }, head)))),
          h("tbody", { role: "rowgroup" }, body))),
        h("p", { class: "muted" }, "The last 24 hours: the mix of answers, and how sure they were on average. Put a model on nodes with ", h("code", {}, "xnornode fleet push"), "."))]);
      if (at) wanted.focus();
    }

    function cells(row) {
      const day = row.hours, drift = day.drift;
      return [
        [h("strong", {}, row.node), " ", row.there ? h("span", { class: "tag good" }, "there") : h("span", { class: "tag warn" }, "away"), h("div", { class: "muted" }, row.gateway ? `by ${row.gateway}` : "by itself")],
        [row.board || "–", h("div", { class: "muted" }, [row.library && `library ${row.library}`, row.firmware && `MicroPython ${row.firmware}`].filter(Boolean).join(", "))],
        [row.model || "none", row.revision !== null && h("div", { class: "muted" }, `revision ${row.revision}`)],
        row.rate === null ? "–" : row.rate.toFixed(row.rate < 10 ? 1 : 0),
        row.lost.toLocaleString("en"),
        ago(row.seen),
        day.predictions ? [mix(day.labels), h("div", { class: "muted" }, `${day.predictions.toLocaleString("en")} predictions`)] : "–",
        day.confidence === null ? "–" : percent(day.confidence / 1000),
        updateTag(row),
        [row.trouble, drift !== null && h("div", { class: "muted" }, `drift ${(drift / 1000).toFixed(2)} of its bound`)],
      ];
    }

    return () => leave();
  },
};
