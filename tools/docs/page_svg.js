// A page of the studio as an SVG: boxes and texts where the browser has put them, charts as paths.
// `recordCanvases` runs before the page's own scripts; `pageAsSvg` when there is something to see.

function recordCanvases() {
  const pathOf = new WeakMap();
  const number = (v) => String(Math.round(v * 10) / 10);
  const steps = { moveTo: (x, y) => ["M", x, y], lineTo: (x, y) => ["L", x, y], closePath: () => ["Z"] };
  for (const owner of [Path2D, CanvasRenderingContext2D]) {
    for (const [name, step] of Object.entries(steps)) {
      const before = owner.prototype[name];
      owner.prototype[name] = function (...a) {
        if (!pathOf.has(this)) pathOf.set(this, []);
        pathOf.get(this).push(step(...a));
        return before.apply(this, a);
      };
    }
    const rect = owner.prototype.rect;
    owner.prototype.rect = function (x, y, w, h) {
      if (!pathOf.has(this)) pathOf.set(this, []);
      pathOf.get(this).push(["M", x, y], ["L", x + w, y], ["L", x + w, y + h], ["L", x, y + h], ["Z"]);
      return rect.call(this, x, y, w, h);
    };
    const arc = owner.prototype.arc;
    owner.prototype.arc = function (x, y, r, ...rest) {
      if (!pathOf.has(this)) pathOf.set(this, []);
      pathOf.get(this).push(["M", x - r, y], ["L", x, y - r], ["L", x + r, y], ["L", x, y + r], ["Z"]);
      return arc.call(this, x, y, r, ...rest);
    };
  }
  const pen = CanvasRenderingContext2D.prototype;
  const log = (g, op) => (g.canvas.drawn ||= []).push(op);
  const at = (g, x, y) => { const t = g.getTransform(); return [t.a * x + t.c * y + t.e, t.b * x + t.d * y + t.f]; };
  const path = (g, list) => {
    let text = "", lastX = NaN, lastY = NaN;
    for (const [kind, x, y] of list || []) {
      if (kind === "Z") { text += "Z"; continue; }
      const [px, py] = at(g, x, y);
      if (kind === "L" && Math.abs(px - lastX) < 0.6 && Math.abs(py - lastY) < 0.6) continue;
      [lastX, lastY] = [px, py];
      text += `${kind}${number(px)} ${number(py)}`;
    }
    return text;
  };
  for (const name of ["stroke", "fill"]) {
    const before = pen[name];
    pen[name] = function (given) {
      const list = pathOf.get(given instanceof Path2D ? given : this);
      const scale = Math.hypot(this.getTransform().a, this.getTransform().b);
      log(this, { d: path(this, list), [name]: String(this[`${name}Style`]), width: this.lineWidth * scale, alpha: this.globalAlpha });
      return before.apply(this, arguments);
    };
  }
  const begin = pen.beginPath;
  pen.beginPath = function () { pathOf.set(this, []); return begin.call(this); };
  const fillRect = pen.fillRect;
  pen.fillRect = function (x, y, w, h) {
    log(this, { d: path(this, [["M", x, y], ["L", x + w, y], ["L", x + w, y + h], ["L", x, y + h], ["Z"]]), fill: String(this.fillStyle), alpha: this.globalAlpha });
    return fillRect.call(this, x, y, w, h);
  };
  const fillText = pen.fillText;
  pen.fillText = function (text, x, y, ...rest) {
    const [px, py] = at(this, x, y);
    log(this, { text: String(text), x: px, y: py, fill: String(this.fillStyle), font: this.font, anchor: this.textAlign, base: this.textBaseline });
    return fillText.call(this, text, x, y, ...rest);
  };
  const clear = pen.clearRect;
  pen.clearRect = function (x, y, w, h) {
    if (w >= this.canvas.width - 1) this.canvas.drawn = [];
    return clear.call(this, x, y, w, h);
  };
}

function pageAsSvg() {
  const out = [], W = innerWidth, H = innerHeight;
  const n = (v) => String(Math.round(v * 10) / 10);
  const escape = (text) => text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
  const seen = (colour) => colour && colour !== "transparent" && !/, 0\)$/.test(colour);
  const hex = (colour) => {
    const m = /^rgba?\((\d+), (\d+), (\d+)/.exec(colour);
    return m ? `#${m.slice(1, 4).map((v) => Number(v).toString(16).padStart(2, "0")).join("")}` : colour;
  };
  const inside = (r) => r.width > 0 && r.height > 0 && r.bottom > 0 && r.top < H && r.right > 0 && r.left < W;

  function words(text, x, top, style, wide, height) {
    const size = parseFloat(style.fontSize);
    const y = top + height / 2 + size * 0.35;
    const bold = Number(style.fontWeight) >= 550 ? ' font-weight="bold"' : "";
    const mono = style.fontFamily.includes("mono") && !style.fontFamily.startsWith("system-ui") ? ' font-family="monospace"' : "";
    out.push(`<text x="${n(x)}" y="${n(y)}" font-size="${n(size)}" fill="${hex(style.color)}" textLength="${n(wide)}" lengthAdjust="spacingAndGlyphs"${bold}${mono}>${escape(text)}</text>`);
  }

  function texts(node, style) {
    const range = document.createRange();
    let line = null;
    const flush = () => { if (line) words(line.text, line.left, line.top, style, line.right - line.left, line.height); line = null; };
    for (const found of node.data.matchAll(/\S+/g)) {
      range.setStart(node, found.index);
      range.setEnd(node, found.index + found[0].length);
      const r = range.getBoundingClientRect();
      if (!inside(r)) continue;
      if (line && Math.abs(line.top - r.top) < 3) { line.text += ` ${found[0]}`; line.right = r.right; }
      else { flush(); line = { text: found[0], left: r.left, right: r.right, top: r.top, height: r.height }; }
    }
    flush();
  }

  function canvas(node, r) {
    // A nested <svg> cuts off what is outside, as the canvas does
    out.push(`<svg x="${n(r.left)}" y="${n(r.top)}" width="${n(r.width)}" height="${n(r.height)}" viewBox="0 0 ${node.width} ${node.height}" preserveAspectRatio="none">`);
    for (const op of node.drawn || []) {
      const alpha = op.alpha < 1 ? ` opacity="${n(op.alpha)}"` : "";
      if (op.text !== undefined) {
        const size = parseFloat(/([\d.]+)px/.exec(op.font)?.[1] || 11);
        const anchor = { center: "middle", right: "end", end: "end" }[op.anchor] || "start";
        const y = op.y + ({ top: 0.8, middle: 0.35, bottom: -0.2 }[op.base] || 0) * size;
        out.push(`<text x="${n(op.x)}" y="${n(y)}" font-size="${n(size)}" fill="${op.fill}" text-anchor="${anchor}">${escape(op.text)}</text>`);
      } else if (op.d && op.stroke) out.push(`<path d="${op.d}" fill="none" stroke="${op.stroke}" stroke-width="${n(op.width)}"${alpha}/>`);
      else if (op.d && op.fill) out.push(`<path d="${op.d}" fill="${op.fill}"${alpha}/>`);
    }
    out.push("</svg>");
  }

  function box(node, style, r) {
    const radius = Math.min(parseFloat(style.borderTopLeftRadius) || 0, r.height / 2);
    const sides = ["Top", "Right", "Bottom", "Left"].map((s) => (style[`border${s}Style`] === "none" ? 0 : parseFloat(style[`border${s}Width`])));
    const colours = ["Top", "Right", "Bottom", "Left"].map((s) => style[`border${s}Color`]);
    const whole = sides.every((w, i) => w > 0 && w === sides[0] && colours[i] === colours[0]) && seen(colours[0]);
    const fill = seen(style.backgroundColor) ? hex(style.backgroundColor) : "none";
    if (fill !== "none" || whole) {
      const stroke = whole ? ` stroke="${hex(colours[0])}"` : "";
      const h = whole ? 0.5 : 0;
      out.push(`<rect x="${n(r.left + h)}" y="${n(r.top + h)}" width="${n(r.width - 2 * h)}" height="${n(r.height - 2 * h)}" rx="${n(radius)}" fill="${fill}"${stroke}/>`);
    }
    if (whole) return;
    if (sides[2] && seen(colours[2])) out.push(`<rect x="${n(r.left)}" y="${n(r.bottom - sides[2])}" width="${n(r.width)}" height="${n(sides[2])}" fill="${hex(colours[2])}"/>`);
    if (sides[3] && seen(colours[3])) out.push(`<rect x="${n(r.left)}" y="${n(r.top)}" width="${n(sides[3])}" height="${n(r.height)}" fill="${hex(colours[3])}"/>`);
  }

  function walk(node) {
    if (node.nodeType === Node.TEXT_NODE) {
      const style = getComputedStyle(node.parentElement);
      if (style.visibility === "visible" && node.data.trim()) texts(node, style);
      return;
    }
    if (node.nodeType !== Node.ELEMENT_NODE) return;
    const style = getComputedStyle(node);
    if (style.display === "none" || style.visibility === "hidden" || style.opacity === "0" || style.clipPath.includes("inset(50%)")) return;
    const r = node.getBoundingClientRect();
    if (!inside(r) && style.display !== "contents") return;
    if (node.tagName === "svg") return void out.push(node.outerHTML.replace("<svg", `<svg x="${n(r.left)}" y="${n(r.top)}" width="${n(r.width)}" height="${n(r.height)}"`));
    box(node, style, r);
    if (node.tagName === "IMG") { // the brand's icon
      out.push(`<rect x="${n(r.left)}" y="${n(r.top)}" width="${n(r.width)}" height="${n(r.height)}" rx="4" fill="#2457c5"/>`);
      return;
    }
    if (node.tagName === "CANVAS") return canvas(node, r);
    if (node.tagName === "PROGRESS") {
      out.push(`<rect x="${n(r.left)}" y="${n(r.top)}" width="${n(r.width * node.position)}" height="${n(r.height)}" fill="${hex(style.accentColor)}" rx="3"/>`);
      return;
    }
    if (node.tagName === "INPUT" || node.tagName === "SELECT") {
      if (node.type === "checkbox" || node.type === "radio") {
        out.push(`<rect x="${n(r.left)}" y="${n(r.top)}" width="${n(r.width)}" height="${n(r.height)}" rx="2" fill="${node.checked ? hex(style.accentColor === "auto" ? "#2457c5" : style.accentColor) : "none"}" stroke="#808a9a"/>`);
        return;
      }
      const text = node.tagName === "SELECT" ? node.selectedOptions[0]?.text || "" : node.value || node.placeholder;
      if (!text) return;
      const pen = document.createElement("canvas").getContext("2d");
      pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
      words(text, r.left + parseFloat(style.paddingLeft) + 1, r.top, style, Math.min(pen.measureText(text).width, r.width - 12), r.height);
      return;
    }
    for (const child of node.childNodes) walk(child);
  }

  walk(document.body);
  const ground = hex(getComputedStyle(document.documentElement).backgroundColor);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${W} ${H}" font-family="system-ui, 'DejaVu Sans', sans-serif"><rect width="${W}" height="${H}" fill="${ground}"/>\n${out.join("\n")}\n</svg>\n`;
}
