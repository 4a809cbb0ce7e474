// "That was wrong": the last seconds become a recording with the right label.

import { button, changed, clear, field, h, number, text } from "/web/dom.js";

const LONGEST = 80; // letters of a label

export const short = (name) => (name.length > LONGEST ? `${name.slice(0, LONGEST)}…` : name);

/** The form, as a part of the page, which has the chart and the last predictions. */
export class WrongForm {
  wrongForm() {
    const names = h("datalist", { id: "live-labels" }), groups = h("datalist", { id: "live-groups" });
    this.names = names;
    this.groups = groups;
    this.label = text({ list: "live-labels", maxlength: "63", required: true, on: { input: () => this.describeKeep() } });
    this.group = text({ list: "live-groups", maxlength: "63", value: localStorage.getItem("live-group") || "" });
    this.seconds = number({ min: "0.1", max: "60", step: "0.1", value: "2", on: { input: () => this.describeKeep() } });
    this.buttons = h("div", { class: "row", role: "group", "aria-label": "known classes" });
    this.keepButton = h("button", { type: "submit", class: "primary" }, "Keep");
    this.which = h("p", { class: "muted", role: "status" });
    this.missing = h("small", { class: "live-missing", id: "live-missing", role: "alert", hidden: true });
    const named = field("Right label", this.label, "what it really was");
    this.label.setAttribute("aria-describedby", `${this.label.getAttribute("aria-describedby")} live-missing`);
    named.append(this.missing);
    this.form = h("form", { class: "live-wrong", novalidate: true, hidden: true, "aria-label": "That was wrong",
      on: { submit: (event) => { event.preventDefault(); this.keep(); } } },
      this.which, this.buttons,
      h("div", { class: "fields" },
        named,
        field("Group", this.group, "who or what it was, as with other recordings; may be empty"),
        field("Seconds", this.seconds, "up to the moment that is chosen")),
      h("div", { class: "row" }, this.keepButton, button("Cancel", () => this.closeWrong())),
      names, groups);
    return this.form;
  }

  async loadNames() {
    const found = await this.ctx.get("/api/live/names").catch(() => null);
    if (!found) return;
    this.dataLabels = found.labels;
    clear(this.groups).append(...found.groups.map((name) => h("option", { value: name })));
    this.labelChoices();
  }

  labelChoices() {
    const all = [...new Set([...this.labels, ...(this.dataLabels || [])])].filter(Boolean);
    if (!changed(this.buttons, all)) return;
    clear(this.names).append(...all.map((name) => h("option", { value: name })));
    clear(this.buttons).append(...all.slice(0, 12).map((name) =>
      button(short(name), () => { this.label.value = name; this.describeKeep(); this.keepButton.focus(); })));
  }

  /** A prediction was chosen in the chart or the table. */
  chose(entry) {
    if (entry && this.chart.held === null) this.holdStill(true);
    this.describeKeep();
  }

  openWrong() {
    this.holdStill(true);
    const newest = this.last[0]; // of the first ones after a start, the samples may not have come
    if (!this.chart.chosen && newest && !newest.old && this.chart.place(newest)) this.chart.choose(newest);
    this.chart.marked = true;
    this.form.hidden = false;
    this.wrong.setAttribute("aria-expanded", "true");
    this.label.value = "";
    this.miss("");
    this.describeKeep();
    (this.buttons.querySelector("button") || this.label).focus();
  }

  closeWrong() {
    this.form.hidden = true;
    this.wrong.setAttribute("aria-expanded", "false");
    this.chart.marked = false;
    this.chart.dirty = true;
    this.chart.choose(null);
    this.holdStill(false);
    this.wrong.focus();
  }

  describeKeep() {
    const seconds = Number(this.seconds.value), p = this.chart.chosen;
    this.chart.keep = seconds > 0 ? seconds : 0;
    this.chart.dirty = true;
    this.which.textContent = p
      ? `Prediction ${p.seq} said ${short(p.name)}. Another one: choose it in the chart or the table.`
      : "The newest samples are kept. To choose a moment, click it in the chart.";
    if (this.label.value.trim()) this.miss("");
    this.keepButton.textContent = `Keep ${seconds || "…"} s${this.label.value ? ` as ${this.label.value}` : ""}`;
    for (const one of this.buttons.children) one.setAttribute("aria-pressed", String(one.textContent === this.label.value));
  }

  /** Say at the field what is missing. */
  miss(text) {
    this.missing.hidden = !text;
    this.missing.textContent = text;
    if (text) this.label.setAttribute("aria-invalid", "true"); else this.label.removeAttribute("aria-invalid");
  }

  async keep() {
    const { ctx } = this;
    this.miss(this.label.value.trim() ? "" : "Say what it was: choose a class above, or type its name.");
    if (!this.missing.hidden) { this.label.focus(); return; }
    const p = this.chart.chosen, place = p ? this.chart.place(p) : null;
    if (p && !place) { ctx.toast("the samples of this prediction did not come: there is nothing to keep", "bad"); return; }
    const wish = { label: this.label.value, group: this.group.value, seconds: Number(this.seconds.value), ...(place || {}) };
    this.keepButton.disabled = true;
    const made = await ctx.attempt(ctx.post("/api/live/keep", wish));
    this.keepButton.disabled = false;
    if (!made) return;
    localStorage.setItem("live-group", this.group.value);
    ctx.toast(`kept ${made.seconds.toFixed(1)} s as ${made.path}: the next training has it`, "good");
    for (const warning of made.warnings) ctx.toast(`${made.path}: ${warning}`);
    this.closeWrong();
  }
}
