// The scores of the last prediction, the counts, and the table of the last predictions.

import { button, card, clear, h, table } from "/web/dom.js";
import { channelColour } from "/web/colours.js";
import { colourOf } from "/web/live_picture.js";
import { short, WrongForm } from "/web/live_wrong.js";

const ROWS = 10; // predictions in the table
const HEADS = ["number", "class", "confidence", "scores", ""];
const MOST_SCORES = 12; // in a row of the table

/** A class's colour; that of the text where it has none. */
export const colour = (name) => (colourOf(name) < 0 ? "" : channelColour(colourOf(name)));

/** These, as parts of the page. */
export class Numbers extends WrongForm {
  scoresCard() {
    this.scores = h("ul", { class: "live-scores" });
    this.noScores = h("p", { class: "empty" }, "no prediction yet");
    return card("Scores of the last prediction", this.noScores, this.scores);
  }

  countsCard() {
    this.counts = h("dl", { class: "facts" });
    return card("Counts", this.counts);
  }

  lastCard() {
    this.table = h("div", {});
    return card(`The last ${ROWS} predictions`, this.table);
  }

  showScores(p) {
    this.noScores.hidden = true;
    const low = Math.min(...this.range.map((r) => r[0])), high = Math.max(...this.range.map((r) => r[1]));
    if (this.scores.children.length !== p.scores.length || this.scoresOf !== this.labels) {
      this.scoresOf = this.labels;
      clear(this.scores).append(...p.scores.map((_, i) =>
        h("li", {}, h("span", {}, short(this.labels[i] || `class ${i}`)),
          h("div", { class: "live-track", "aria-hidden": "true" }, h("div", {})), h("output", {}))));
    }
    [...this.scores.children].forEach((row, i) => {
      const [name, track, value] = row.children;
      row.className = i === p.index ? "first" : "";
      track.firstChild.style.width = `${high > low ? (100 * (p.scores[i] - low)) / (high - low) : 0}%`;
      track.firstChild.style.background = this.labels[i] ? colour(this.labels[i]) : "";
      value.textContent = p.scores[i].toLocaleString("en");
    });
  }

  showCounts(p) {
    const s = this.node || {};
    const same = this.last.filter((q) => q.run === p?.run).slice(0, 20);
    const first = same[same.length - 1];
    const rate = same.length > 1 && p.ms > first.ms ? ((p.seq - first.seq) * 1000) / (p.ms - first.ms) : 0;
    const n = (value) => (value === undefined ? "–" : value.toLocaleString("en"));
    const sensor = s.sensor;
    const rows = [
      ["Predictions", n(s.predictions)],
      ["Lost on the way", n(s.lost)],
      ["Damaged lines", n(s.damaged)],
      ["Starts of the program seen", n(s.restarts)],
      ["Port away and back", n(s.reconnections)],
      ["Predictions a second", rate ? rate.toFixed(rate < 10 ? 2 : 1) : "–"],
      ["Time of the last one", p ? `${p.us.toLocaleString("en")} µs` : "–"],
      ["Sensor", sensor ? `${sensor.sensor}, ${(sensor.rate_mhz / 1000).toLocaleString("en")} Hz` : "–"],
    ];
    const flat = rows.join("|");
    if (flat === this.countsWere) return;
    this.countsWere = flat;
    clear(this.counts).append(...rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
  }

  /** Ten rows that stay, so that a button is where it was when it is pressed. */
  makeTable() {
    this.rows = Array.from({ length: ROWS }, (_, i) => {
      const cells = HEADS.slice(0, -1).map(() => h("span", {}));
      const wrong = button("Wrong", () => { this.chart.choose(this.rows[i].shown); this.openWrong(); }, { kind: "quiet" });
      return { cells, wrong, shown: null };
    });
    const made = table(HEADS, this.rows.map((row) => [...row.cells, row.wrong]), { left: ["class", "scores", ""], caption: "newest first" });
    [...made.querySelectorAll("tbody tr")].forEach((tr, i) => { this.rows[i].tr = tr; tr.hidden = true; });
    this.none = h("p", { class: "empty" }, "no prediction yet");
    this.table.append(this.none, made);
    made.hidden = true;
    this.made = made;
    this.scoresHead = made.querySelector("th:nth-child(4)");
  }

  showTable() {
    if (this.table.matches(":hover, :focus-within")) return; // nothing moves away under a hand
    const names = this.labels.slice(0, MOST_SCORES).map((name, i) => short(name || `class ${i}`)).join(" · ");
    const head = names ? `scores: ${names}` : "scores";
    if (this.scoresHead.textContent !== head) this.scoresHead.textContent = head;
    this.none.hidden = this.last.length > 0;
    this.made.hidden = !this.last.length;
    this.rows.forEach((row, i) => {
      const p = this.last[i];
      row.tr.hidden = !p;
      if (!p || row.shown === p) return;
      row.shown = p;
      row.wrong.disabled = Boolean(p.old); // its samples are not in this picture
      const scores = p.scores.slice(0, MOST_SCORES).map((s) => s.toLocaleString("en")).join(" · ") + (p.scores.length > MOST_SCORES ? " …" : "");
      const texts = [String(p.seq), short(p.name), p.confidence === null ? "–" : `${(100 * p.confidence).toFixed(0)} %`, scores];
      texts.forEach((text, k) => { row.cells[k].textContent = text; });
      row.wrong.setAttribute("aria-label", `prediction ${p.seq}, ${short(p.name)}, was wrong`);
    });
  }
}
