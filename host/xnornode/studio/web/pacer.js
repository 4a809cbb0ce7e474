// Samples come some ten times a second; a chart that scrolls smoothly takes some in each frame.

const DELAY = 0.2; // seconds of samples that are held back, so that a late line leaves no gap
const MOST = 1.5; // seconds; more are given out at once, as of a tab that was hidden

export class Pacer {
  /** push(rows, gap) gets samples, and how many are missing before them. */
  constructor(rate, width, push) {
    this.rate = rate;
    this.width = width;
    this.push = push;
    this.parts = [];
    this.waiting = 0;
    this.owed = 0;
    this.last = 0;
  }

  add(rows, gap = 0) {
    this.parts.push({ rows, gap, at: 0 });
    this.waiting += rows.length / this.width;
    if (this.waiting > MOST * this.rate + 1) this.give(this.waiting - DELAY * this.rate);
  }

  /** Give out what is due now, in milliseconds as of requestAnimationFrame. */
  frame(now) {
    const passed = Math.min(0.25, (now - this.last) / 1000);
    this.last = now;
    const ahead = (this.waiting - DELAY * this.rate) / (DELAY * this.rate || 1);
    this.owed += this.rate * passed * (1 + 0.5 * Math.max(-1, Math.min(1, ahead)));
    const whole = Math.floor(this.owed);
    this.owed = Math.min(this.owed - whole, 1);
    this.give(whole);
  }

  give(count) {
    let left = Math.floor(count);
    while (left > 0 && this.parts.length) {
      const part = this.parts[0];
      const take = Math.min(left * this.width, part.rows.length - part.at);
      this.push(part.rows.subarray(part.at, part.at + take), part.gap);
      part.gap = 0;
      part.at += take;
      left -= take / this.width;
      this.waiting -= take / this.width;
      if (part.at >= part.rows.length) this.parts.shift();
    }
  }
}
