// Line charts as SVG, with everything in attributes and inline colours so that a saved picture is complete.

const NS = "http://www.w3.org/2000/svg";

function element(name, attributes, ...children) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

// Round ticks that cover a range.
function linearTicks(low, high, wanted) {
  const raw = (high - low) / wanted || 1;
  const size = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 3, 5, 10].map((k) => k * size).find((s) => s >= raw * 0.999) ?? 10 * size;
  const out = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) out.push(k * step);
  return out;
}

function hourTicks(low, high, wanted) {
  const step = [0.05, 0.1, 0.25, 0.5, 1, 2, 3, 4, 6, 12, 24, 48].find((s) => (high - low) / s <= wanted) ?? 96;
  const out = [];
  for (let t = Math.ceil(low / step - 1e-9) * step; t <= high + 1e-9; t += step) out.push(t);
  return out;
}

function logTicks(low, high) {
  const out = [];
  for (let k = Math.ceil(Math.log10(low) - 1e-9); 10 ** k <= high * (1 + 1e-9); k++) out.push(10 ** k);
  return out;
}

export function short(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) return value.toExponential(1).replace("e+", "e");
  return String(Number(value.toPrecision(3)));
}

// spec: { title, about, x: {label, range, log, hours}, y: {label, range}, lines: [{x, y, colour, dash, label, wide}],
//   bands: [{x, low, high, colour}], points: [{x, y, colour, about, from, to}], marks: [{x, colour, label}] }
export function chart(spec, width) {
  const height = Math.round(Math.min(Math.max(width * 0.56, 220), 330));
  const room = { left: 58, right: 14, top: 12, bottom: 44 };
  const text = colour("ink");
  const faint = colour("rule");
  const svg = element("svg", {
    viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `${spec.title}. ${spec.about}`,
    "font-family": "system-ui, sans-serif", "font-size": 12,
  });
  svg.append(element("rect", { width, height, fill: colour("paper") }));
  const [x0, x1] = spec.x.range;
  const [y0, y1] = spec.y.range;
  const flat = (x) => (spec.x.log ? Math.log10(x) : x);
  const px = (x) => room.left + ((flat(x) - flat(x0)) / (flat(x1) - flat(x0) || 1)) * (width - room.left - room.right);
  const py = (y) => height - room.bottom - ((y - y0) / (y1 - y0 || 1)) * (height - room.top - room.bottom);
  const across = width > 480 ? 8 : 5;
  const ticks = spec.x.log ? logTicks(x0, x1) : (spec.x.hours ? hourTicks : linearTicks)(x0, x1, across);
  for (const y of linearTicks(y0, y1, 5)) {
    svg.append(element("line", { x1: room.left, x2: width - room.right, y1: py(y), y2: py(y), stroke: faint }));
    svg.append(element("text", { x: room.left - 6, y: py(y) + 4, "text-anchor": "end", fill: text }, short(y)));
  }
  for (const x of ticks) {
    svg.append(element("line", { x1: px(x), x2: px(x), y1: height - room.bottom, y2: height - room.bottom + 4, stroke: text }));
    svg.append(element("text", { x: px(x), y: height - room.bottom + 17, "text-anchor": "middle", fill: text }, short(x)));
  }
  const middle = (room.left + width - room.right) / 2;
  svg.append(element("text", { x: middle, y: height - 8, "text-anchor": "middle", fill: text }, spec.x.label));
  const side = (room.top + height - room.bottom) / 2;
  svg.append(element("text", { x: 13, y: side, "text-anchor": "middle", fill: text, transform: `rotate(-90 13 ${side})` }, spec.y.label));
  const id = `clip${++chart.made}`;
  svg.append(element("clipPath", { id }, element("rect", {
    x: room.left, y: room.top - 3, width: width - room.left - room.right, height: height - room.top - room.bottom + 6,
  })));
  const inside = element("g", { "clip-path": `url(#${id})` });
  svg.append(inside);
  const path = (xs, ys) => xs.map((x, i) => `${i ? "L" : "M"}${px(x).toFixed(2)} ${py(ys[i]).toFixed(2)}`).join("");
  for (const band of spec.bands ?? []) {
    const back = path([...band.x].reverse(), [...band.high].reverse()).replace("M", "L");
    inside.append(element("path", { d: `${path(band.x, band.low)}${back}Z`, fill: band.colour, opacity: 0.16 }));
  }
  for (const mark of spec.marks ?? []) {
    inside.append(element("line", {
      x1: px(mark.x), x2: px(mark.x), y1: py(mark.y ?? y1), y2: py(y0), stroke: mark.colour, "stroke-dasharray": "2 3",
    }));
  }
  for (const line of spec.lines) {
    inside.append(element("path", {
      d: path(line.x, line.y), fill: "none", stroke: line.colour, "stroke-width": line.wide ?? 2,
      "stroke-dasharray": line.dash ?? "none", "stroke-linejoin": "round",
    }));
  }
  for (const point of spec.points ?? []) {
    const spot = element("g", { tabindex: 0, role: "img", "aria-label": point.about, class: "point" });
    if (point.from && point.to) {
      spot.append(element("line", { x1: px(point.from), x2: px(point.to), y1: py(point.y), y2: py(point.y), stroke: point.colour, "stroke-width": 1.5 }));
    }
    spot.append(element("circle", {
      cx: px(point.x), cy: py(point.y), r: 5, stroke: point.colour, "stroke-width": 2,
      fill: point.open ? colour("paper") : point.colour,
    }));
    spot.append(element("title", {}, point.about));
    for (const event of ["focus", "pointerenter"]) spot.addEventListener(event, () => spec.say?.(point.about));
    spot.addEventListener("blur", () => spec.say?.(""));
    svg.append(spot);
  }
  follow(svg, spec, { px, py, room, width, height, flat });
  return svg;
}
chart.made = 0;

// The values of every line under the pointer.
function follow(svg, spec, { px, room, width, height, flat }) {
  const rule = element("line", { y1: room.top, y2: height - room.bottom, stroke: colour("ink"), opacity: 0, class: "unsaved" });
  svg.append(rule);
  svg.addEventListener("pointermove", (event) => {
    if (event.target.closest(".point")) return;
    const at = ((event.clientX - svg.getBoundingClientRect().left) / svg.getBoundingClientRect().width) * width;
    const share = (at - room.left) / (width - room.left - room.right);
    if (share < 0 || share > 1) return;
    const [low, high] = spec.x.range.map(flat);
    const x = low + share * (high - low);
    const value = spec.x.log ? 10 ** x : x;
    rule.setAttribute("x1", px(value));
    rule.setAttribute("x2", px(value));
    rule.setAttribute("opacity", 0.4);
    const said = spec.lines.map((line) => `${line.label} ${short(between(line, value))}`);
    spec.say?.(`${spec.x.label.replace(/ \(.*/, "")} ${short(value)}: ${said.join(" · ")}`);
  });
  svg.addEventListener("pointerleave", () => {
    rule.setAttribute("opacity", 0);
    spec.say?.("");
  });
}

function between({ x, y }, at) {
  let i = 0;
  while (i < x.length - 2 && x[i + 1] < at) i++;
  if (at < x[0] || at > x[x.length - 1]) return null;
  return y[i] + ((at - x[i]) / (x[i + 1] - x[i])) * (y[i + 1] - y[i]);
}
