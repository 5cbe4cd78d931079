// How far to trust an arm: what lies outside what was studied, what is published, and how criteria went.
import { html } from "./controls.js";
import { short } from "./chart.js";

const FAILED_KIDNEY = 15;

// Cautions of an arm, a line each.
export function cautions(content, arm) {
  const drug = content.inhibitors[arm.inhibitor];
  const people = content.populations[arm.population];
  const out = [];
  if (people) {
    const eGFR = arm.eGFR ?? people.eGFR;
    if (eGFR < FAILED_KIDNEY) out.push(`Outside the model: eGFR ${short(eGFR)} mL/min; below ${FAILED_KIDNEY} patients are dialysed, which no term of the model describes: no number here holds for them.`);
    for (const [name, unit] of [["weight", "kg"], ["eGFR", "mL/min"]]) {
      const ends = people.studied[name];
      if (arm[name] !== null && ends && (arm[name] < ends[0] || arm[name] > ends[1]))
        out.push(`Outside the studied range: ${name} ${short(arm[name])} ${unit}; ${people.name} covers ${short(ends[0])} to ${short(ends[1])} ${unit}.`);
    }
    const { dose } = arm.plan;
    if (!drug.doses) out.push(`Outside the doses studied: no published row of ${drug.name} states a dose.`);
    else if (dose < drug.doses[0] || dose > drug.doses[1]) out.push(`Outside the doses studied: ${short(dose)} mg; the published data are of ${short(drug.doses[0])} to ${short(drug.doses[1])} mg.`);
    const known = drug.populations[arm.population];
    out.push(...byWeight(known.bands, dose, arm.weight ?? people.weight), ...known.notes);
    if (arm.eGFR !== null) out.push(...known.onKidney);
    if (arm.weight !== null) out.push(...known.onWeight);
  }
  if (arm.matrix === "whole blood" && drug.ratio.kind === "assumed") out.push(`The blood-to-plasma ratio of ${drug.name}, ${short(drug.ratio.value)}, is assumed: ${drug.ratio.why}.`);
  if (drug.fu.kind === "assumed") out.push(`The unbound fraction of ${drug.name}, ${short(drug.fu.value)}, is assumed: ${drug.fu.why}.`);
  const moved = Object.keys(arm.changes);
  if (moved.length) out.push(`${moved.length === 1 ? "A parameter is" : `${moved.length} parameters are`} away from the estimate (${moved.join(", ")}): no verdict below is of this arm.`);
  return out;
}

function byWeight(bands, dose, kg) {
  if (!bands.length) return [];
  const band = bands.find(({ low, high }) => kg >= low && (high === null || kg < high));
  if (!band) return [`Outside the doses by weight: none is stated for ${short(kg)} kg.`];
  if (Math.abs(band.value - dose) < 1e-9) return [];
  return [`Not the dose by weight: ${short(dose)} mg at ${short(kg)} kg; patients of ${band.label} take ${short(band.value)} mg ${band.every} (${band.source}, ${band.at}).`];
}

// Published potencies of the inhibitor on the read-out of an arm, with what the model says of each.
export function published(content, arm) {
  return content.points
    .filter((one) => one.inhibitor === arm.inhibitor && one.cytokine === arm.cytokine && one.readout === arm.readout)
    .map((one) => ({ ...one, like: one.matrix === arm.matrix && one.cell === arm.cell, found: content.verdicts.predicted?.[one.id] }));
}

export function said(content, one) {
  const model = one.found ? ` The model in that laboratory: ${short(one.found.predicted)} nM, ${short(one.found.fold)}-fold off.` : "";
  return `IC50 ${one.sign === "=" ? "" : `${one.sign} `}${short(one.value)} nM, ${content.cells[one.cell]}, ${one.matrix}, ${short(one.dose)} nM cytokine. ${one.source}${one.at ? ` (${one.at})` : ""}, ${one.status}; ${one.role}.${model}`;
}

// Points of the concentration-response: filled in the matrix and cell of the arm, open elsewhere.
export function points(content, arms, colours) {
  return arms.flatMap((arm, i) => published(content, arm).map((one) => ({
    x: one.value, y: 50, colour: colours[i], open: !one.like, from: one.low, to: one.high, about: said(content, one),
  })));
}

// Published Cmax of the doses and the population of an arm, in the patient that its source had: x where the
// level of the arm is highest.
export function peaks(content, arm, day, colour) {
  if (day.error || arm.weight !== null || arm.eGFR !== null || arm.with.length) return [];
  const { dose, interval, steady } = arm.plan;
  return day.moieties.flatMap(({ id, mass }) => {
    const at = day.time[mass.indexOf(Math.max(...mass))];
    const alike = content.exposures.filter((one) =>
      one.inhibitor === id && one.population === arm.population && one.dose === dose && one.steady === (steady && interval > 0) &&
      (one.interval === null || one.interval === interval));
    return alike.map((one) => ({
      x: at, y: one.value, colour, about: `Published Cmax of ${id} ${short(one.value)} ng/mL${one.n ? `, n = ${one.n}` : ""}. ${one.source} (${one.at}), ${one.status}.`,
    }));
  });
}

// What the criteria on a chart of an arm say in a line; empty where none is about it.
export function judged(content, arm, chart) {
  const rows = criteria(content, arm).filter(({ charts }) => charts.includes(chart));
  if (!rows.length) return "";
  const failed = rows.filter(({ verdict }) => verdict !== "PASS");
  const which = failed.length ? `: ${failed.map(({ statement }) => statement).join("; ")}` : "";
  return `${rows.length - failed.length} of ${rows.length} criteria on this pass${failed.length ? `, ${failed.length} fail${which}` : ""}.`;
}

// Criteria about the inhibitor, cytokine or read-out of an arm.
export function criteria(content, arm) {
  return (content.verdicts.criteria ?? []).filter(({ about }) => about.some((text) => {
    const [drug, cytokine, readout] = text.split("|");
    if (drug && drug !== arm.inhibitor) return false;
    if (cytokine) return cytokine === arm.cytokine && (!readout || readout === arm.readout);
    return Boolean(drug) && Boolean(arm.population);
  }));
}

export function trust(content, state, bands) {
  const arm = state.arms[state.on];
  const lines = cautions(content, arm);
  const rows = criteria(content, arm);
  const failed = rows.filter(({ verdict }) => verdict !== "PASS");
  const cites = published(content, arm);
  return [
    html("h2", {}, `How far to trust arm ${state.on + 1}`),
    ...(lines.length ? lines.map((text) => html("p", { class: "caution" }, text)) : [html("p", { class: "quiet" }, "Nothing of it lies outside what the library knows.")]),
    html("p", { class: "quiet" }, bands),
    html("h3", {}, "Published potencies on this read-out"),
    cites.length
      ? html("ul", {}, ...cites.map((one) => html("li", {}, said(content, one))))
      : html("p", { class: "quiet" }, `None of ${content.inhibitors[arm.inhibitor].name} on ${arm.cytokine} ${arm.readout}: the curve is a prediction without a measurement beside it.`),
    html("h3", {}, "Verdicts of acceptance criteria"),
    content.verdicts.missing
      ? html("p", { class: "caution" }, content.verdicts.missing)
      : !rows.length ? html("p", { class: "quiet" }, "No criterion is about this inhibitor or read-out.")
      : html("p", {}, `${rows.length} criteria touch this inhibitor or read-out: ${rows.length - failed.length} pass, ${failed.length} fail.`),
    rows.length ? list(rows) : null,
  ].filter(Boolean);
}

function list(rows) {
  const order = [...rows].sort((a, b) => (a.verdict === "PASS") - (b.verdict === "PASS"));
  const table = html("table", {},
    html("thead", {}, html("tr", {}, ...["Criterion", "Model", "Bound", "Evidence", "Verdict"].map((name) => html("th", { scope: "col" }, name)))),
    html("tbody", {}, ...order.map((one) => html("tr", {},
      html("th", { scope: "row" }, one.statement, one.explanation ? html("div", { class: "quiet" }, one.explanation) : ""),
      html("td", { class: "number" }, `${short(one.value)} ${one.unit}`),
      html("td", {}, one.target),
      html("td", {}, one.hard ? one.basis : `${one.basis}, reports only`),
      html("td", { class: one.verdict === "PASS" ? "pass" : "fail" }, one.verdict)))));
  return html("details", { open: rows.length < 9 }, html("summary", {}, "All of them, failures first"), html("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Criteria" }, table));
}
