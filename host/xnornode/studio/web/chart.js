// Charts by uPlot, in the theme's colours, with a text that says the same.

import uPlot from "/vendor/uplot/uPlot.esm.js";
import { css, onTheme } from "/web/colours.js";
import { h } from "/web/dom.js";

/**
 * A line chart. x: numbers; series: [{label, values, colour ("--c1"), dash, points}]; says: the text
 * for who does not see it. Gives {update({x, series}), end()}.
 */
export function lineChart(element, { title, x = [], series = [], xLabel = "", yLabel = "", height = 220, says = "", yRange, time = false }) {
  const holder = h("div", { class: "chart", role: "img", "aria-label": says || title });
  element.append(h("figure", {}, h("figcaption", {}, title), holder));
  let state = { x, series }, plot = null, width = 0;
  const axis = (label) => ({
    label: label || undefined, labelSize: label ? 18 : 0, labelFont: "12px system-ui", font: "12px system-ui",
    stroke: css("--muted"), grid: { stroke: css("--line"), width: 1 }, ticks: { stroke: css("--line"), width: 1 },
  });
  function build() {
    plot?.destroy();
    width = holder.clientWidth || 320;
    plot = new uPlot({
      width, height, cursor: { drag: { x: true, y: false } }, legend: { show: state.series.length > 0, live: true },
      scales: { x: { time }, y: yRange ? { range: yRange } : {} },
      axes: [axis(xLabel), { ...axis(yLabel), size: 56 }],
      series: [{ label: xLabel || "x" }, ...state.series.map((s) => ({
        label: s.label, stroke: css(s.colour || "--c1"), width: 2, dash: s.dash, points: { show: Boolean(s.points) },
      }))],
    }, [state.x, ...state.series.map((s) => s.values)], holder);
  }
  build();
  const resize = new ResizeObserver(() => { if (Math.abs((holder.clientWidth || 320) - width) > 2) build(); });
  resize.observe(holder);
  const off = onTheme(build);
  return {
    update(next) {
      const same = next.series.length === state.series.length && next.series.every((s, i) => s.label === state.series[i].label);
      state = next;
      if (next.says) holder.setAttribute("aria-label", next.says);
      if (same) plot.setData([state.x, ...state.series.map((s) => s.values)]); else build();
    },
    end() { resize.disconnect(); off(); plot?.destroy(); },
  };
}
