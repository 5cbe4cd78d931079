// Every number behind an arm as a slider over its published range, with its source.
import { html } from "./controls.js";
import { short } from "./chart.js";

const STEPS = 400;
const WIDE = 3; // a number without a published range moves by this factor either way

const GROUPS = [
  ["Inhibitor", (symbol, drug) => symbol.endsWith(`_${drug}`) && /^(shift|fu)_/.test(symbol) || symbol.startsWith(`IC50_${drug}_`) || symbol.startsWith(`ATP_${drug}_`)],
  ["JAKs", (symbol) => /^(Km_|ATP$|catalytic_steps|w_|xA_|xB_|x[A-Z]*_|kact|kdea|protection)/.test(symbol)],
  ["Receptor", (symbol) => /_rest$|^(kon|koff|Kd|kasm|Kasm|kint|kturn)/.test(symbol)],
  ["STATs", (symbol) => /STAT|^kphos|^Kdna/.test(symbol)],
  ["Feedback and the rest", () => true],
];

// The numbers of an arm in groups: [title, [[symbol, number]]].
export function groups(content, arm, known) {
  const own = content.own[arm.cell] ?? {};
  const others = Object.keys(content.inhibitors).filter((id) => id !== arm.inhibitor);
  const foreign = (symbol) => others.some((id) => symbol.endsWith(`_${id}`) || symbol.includes(`_${id}_`));
  const cell = Object.keys(content.parameters).filter((symbol) => known.has(symbol) && !foreign(symbol) && symbol !== `I_${arm.inhibitor}`);
  const drug = content.inhibitors[arm.inhibitor];
  const numbers = [[`fu_${arm.inhibitor}`, { name: "fraction unbound in plasma", ...drug.fu }], ...cell.map((symbol) => [symbol, own[symbol] ?? content.parameters[symbol]])];
  const body = Object.entries(drug.populations[arm.population]?.numbers ?? {}).filter(([symbol]) =>
    /^(CLr|CLnr|Q|V1|V2|ka|D1|lag|release)_/.test(symbol));
  const out = GROUPS.map(([title]) => [title, []]);
  const often = (name) => numbers.filter(([, one]) => one.name === name).length > 1;
  for (const [symbol, one] of numbers) {
    const told = often(one.name) ? { ...one, name: `${one.name} (${symbol})` } : one; // names apart
    out[GROUPS.findIndex(([, holds]) => holds(symbol, arm.inhibitor))][1].push([symbol, told]);
  }
  return [out[0], ["Plasma", body], ...out.slice(1)].filter(([, entries]) => entries.length);
}

// The value that a number has when nobody moves it.
export function estimate(content, arm, symbol, number) {
  const typical = content.inhibitors[arm.inhibitor].populations[arm.population]?.typical ?? {};
  const key = symbol.endsWith(`_${arm.inhibitor}`) ? symbol.slice(0, -arm.inhibitor.length - 1) : "";
  return /^(CLr|CLnr|Q|V1|V2|ka|D1|lag|release)$/.test(key) && key in typical ? typical[key] : number.value;
}

export function origin(content, number) {
  const cite = content.sources[number.source] ?? number.source ?? "";
  const parts = [number.kind, number.status, cite && (number.at ? `${cite} (${number.at})` : cite), number.why];
  return parts.filter(Boolean).join(" · ");
}

function ends(usual, number) {
  const low = number.low ?? usual / WIDE;
  const high = number.high ?? usual * WIDE;
  return low > 0 && high > low ? [low, high, true] : [Math.min(low, usual), Math.max(high, usual) || 1, false];
}

// One slider. act: { move(symbol, value, going), reset(symbol) }.
export function slider(content, arm, [symbol, number], act) {
  const usual = estimate(content, arm, symbol, number);
  const value = arm.changes[symbol] ?? usual;
  const [low, high, log] = ends(usual, number);
  const to = (share) => (log ? low * (high / low) ** share : low + share * (high - low));
  const from = (x) => (log ? Math.log(x / low) / Math.log(high / low) : (x - low) / (high - low || 1));
  const unit = number.unit === "dimensionless" ? "" : number.unit;
  const range = number.low === undefined || number.high === undefined
    ? `no published range; the slider spans a factor of ${WIDE}`
    : `range ${short(number.low)} to ${short(number.high)} ${unit}`;
  const id = `p_${symbol}`;
  const exact = html("input", {
    type: "number", step: "any", min: 0, value: Number(value.toPrecision(6)), "aria-label": `${number.name}, exact value`,
    onchange: (event) => {
      const typed = Number(event.target.value);
      if (event.target.value !== "" && Number.isFinite(typed) && typed >= 0) act.move(symbol, typed, false);
      else event.target.value = value;
    },
  });
  const bar = html("input", {
    type: "range", id, min: 0, max: STEPS, step: 1, value: Math.round(STEPS * Math.min(Math.max(from(value || low), 0), 1)),
    "aria-describedby": `${id}_from`, "aria-valuetext": `${short(value)} ${unit}`,
    oninput: (event) => {
      const moved = to(event.target.value / STEPS);
      exact.value = Number(moved.toPrecision(6));
      event.target.setAttribute("aria-valuetext", `${short(moved)} ${unit}`);
      row.classList.add("moved");
      back.disabled = false;
      act.move(symbol, moved, true);
    },
    onchange: () => act.done(),
  });
  const back = html("button", {
    type: "button", disabled: arm.changes[symbol] === undefined, title: `Back to ${short(usual)} ${unit}`, onclick: () => act.reset(symbol),
  }, "Reset");
  back.setAttribute("aria-label", `Reset ${number.name} to estimate`);
  const row = html("div", { class: `slider${arm.changes[symbol] === undefined ? "" : " moved"}`, title: origin(content, number) },
    html("div", { class: "line" }, html("label", { for: id, title: symbol, "data-words": `${number.name} ${symbol}`.toLowerCase() }, number.name), exact, html("span", { class: "quiet" }, unit), back),
    bar,
    html("div", { class: "from", id: `${id}_from` }, `${symbol}: ${range}. ${origin(content, number)}`));
  return row;
}
