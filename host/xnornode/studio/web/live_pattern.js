// A class on the page Live is a name on a pattern: the colours there are the channels'.

import { css, onTheme } from "/web/colours.js";
import { h } from "/web/dom.js";

const SIDE = 8; // pixels of a tile
const made = new Map(); // from a number and colours to a pattern

/** Lines of a tile, in its own pixels. */
const LINES = [
  [],
  [[-2, 6, 6, -2], [2, 10, 10, 2]],
  [[0, 2, 8, 2], [0, 6, 8, 6]],
  [[-2, 2, 6, 10], [2, -2, 10, 6]],
  [[2, 0, 2, 8], [6, 0, 6, 8]],
  [[0, 4, 8, 4], [4, 0, 4, 8]],
  [[0, 0, 8, 8], [0, 8, 8, 0]],
  [[3, 4, 5, 4]],
];

function tile(number, ground, line) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const g = canvas.getContext("2d");
  g.fillStyle = ground;
  g.fillRect(0, 0, SIDE, SIDE);
  g.strokeStyle = line;
  g.lineWidth = 1.6;
  g.beginPath();
  for (const [a, b, c, d] of LINES[number] || []) { g.moveTo(a, b); g.lineTo(c, d); }
  g.stroke();
  return canvas;
}

/** What a class is drawn with; number: of the class, 0 to 7, or -1 for none of them. */
export function patternOf(g, number, { line, muted, surface }) {
  if (number < 0) return surface;
  const key = `${number} ${line} ${muted}`;
  if (!made.has(key)) made.set(key, g.createPattern(tile(number, line, muted), "repeat"));
  return made.get(key);
}

/** The pattern as a small picture before a name. */
export function swatch(number) {
  const canvas = h("canvas", { class: "live-swatch", width: 2 * SIDE, height: 2 * SIDE, "aria-hidden": "true" });
  const draw = () => {
    if (!canvas.isConnected && canvas.dataset.drawn) { off(); return; }
    const g = canvas.getContext("2d");
    g.fillStyle = patternOf(g, number, { line: css("--line"), muted: css("--muted"), surface: css("--surface") });
    g.fillRect(0, 0, canvas.width, canvas.height);
    canvas.dataset.drawn = "1";
  };
  const off = onTheme(draw);
  draw();
  return canvas;
}
