// The charts of a state: which lines, bands, points and words.
import { called } from "./controls.js";
import { colour, short } from "./chart.js";
import { period } from "./day.js";
import { horizon } from "./worker.js";

export const DASHES = ["none", "7 3", "2 3", "9 3 2 3"];
const CSS_DASH = ["solid", "dashed", "dotted", "dashed"];

const percent = (shares) => shares.map((share) => 100 * share);
const top = (lists, least) => Math.max(least, ...lists.flat()) * 1.05;

// Charts in order: { key, spec, legend, notes }; found: results by arm.
export function panels(content, state, found, extras) {
  const shown = state.arms.map((arm, i) => ({ arm, i, name: called(content, arm), colour: colour(`arm${i}`), dash: DASHES[i], ...found[i] }));
  return [plasma(shown, extras), inhibition(shown, extras), response(shown, extras), occupancy(shown[state.on], extras.bands[state.on]), course(shown[state.on], extras.bands[state.on])].filter(Boolean);
}

function legend(shown) {
  return shown.map(({ name, i }) => ({ name: `${i + 1}: ${name}`, colour: `var(--arm${i})`, dash: CSS_DASH[i] }));
}

function days(shown) {
  const dosed = shown.filter(({ day }) => !day.error);
  return { dosed, failed: shown.filter(({ day }) => day.error).map(({ day, i }) => `Arm ${i + 1}: ${day.error}.`) };
}

const time = (dosed) => ({ label: "time after a dose (h)", range: [0, Math.max(24, ...dosed.map(({ arm }) => period(arm.plan)))], hours: true });

function plasma(shown, extras) {
  const { dosed, failed } = days(shown);
  if (!dosed.length) return null;
  const lines = dosed.flatMap(({ day, colour, dash, i }) =>
    day.moieties.map((moiety, k) => ({
      x: day.time, y: moiety.mass, colour, dash, wide: k ? 1.2 : 2, label: `arm ${i + 1}${k ? ` ${moiety.id}` : ""}`,
    })));
  const bands = dosed.flatMap(({ i, colour }) => (extras.bands[i]?.plasma ? [{ ...extras.bands[i].plasma, colour }] : []));
  const said = dosed.map(({ day, i }) => `Arm ${i + 1}: Cmax ${short(day.summary.cmax)} ng/mL at ${short(day.summary.tmax)} h, AUC ${short(day.summary.auc)} ng h/mL.`);
  const formed = dosed.flatMap(({ day }) => day.moieties.slice(1).map(({ id }) => `Thin line: the active metabolite ${id}.`));
  return {
    key: "plasma", legend: legend(dosed), notes: [...said, ...new Set(formed), ...failed],
    spec: { title: "Plasma over the day", about: said.join(" "), x: time(dosed), y: { label: "total in plasma (ng/mL)", range: [0, top([...lines.map((l) => l.y), extras.peaks.map(({ y }) => y), ...bands.map(({ high }) => high)], 1e-9)] }, lines, bands, points: extras.peaks },
  };
}

function inhibition(shown, extras) {
  const { dosed } = days(shown);
  if (!dosed.length) return null;
  const lines = dosed.map(({ day, colour, dash, i }) => ({ x: day.time, y: percent(day.inhibition), colour, dash, label: `arm ${i + 1}` }));
  const said = dosed.map(({ arm, day, i }) => `Arm ${i + 1}: ${arm.cytokine} ${arm.readout} inhibited by ${short(100 * day.summary.mean)} % on average, ${short(100 * day.summary.least)} to ${short(100 * day.summary.most)} %; above half for ${short(day.summary.above)} h a day.`);
  const bands = dosed.flatMap(({ i, colour }) => (extras.bands[i]?.day ? [{ ...extras.bands[i].day, colour }] : []));
  return {
    key: "inhibition", legend: legend(dosed), notes: said,
    spec: { title: "Inhibition in blood drawn over the day", about: said.join(" "), x: time(dosed), y: { label: "pSTAT inhibited ex vivo (%)", range: [Math.min(0, ...lines.flatMap((l) => l.y)), 100] }, lines, bands },
  };
}

function response(shown, extras) {
  const drawn = shown.filter(({ response }) => !response.error);
  const failed = shown.filter(({ response }) => response.error).map(({ response, i }) => `Arm ${i + 1}: ${response.error}.`);
  if (!drawn.length) return { key: "response", legend: [], notes: failed, spec: null };
  const lines = drawn.map(({ response, colour, dash, i }) => ({ x: response.x, y: percent(response.y), colour, dash, label: `arm ${i + 1}` }));
  const marks = drawn.flatMap(({ response, colour }) => (response.ic50 ? [{ x: response.ic50, y: 50, colour }] : []));
  const said = drawn.map(({ arm, response, i }) => response.ic50
    ? `Arm ${i + 1}: IC50 ${short(response.ic50)} nM of ${arm.matrix}${range(extras.bands[i]?.interval)}.`
    : `Arm ${i + 1}: no concentration from 0.1 pM to 0.1 M inhibits by half.`);
  const bands = drawn.flatMap(({ i, colour }) => (extras.bands[i]?.response ? [{ ...extras.bands[i].response, colour }] : []));
  const low = Math.min(...drawn.map(({ response }) => response.x[0]));
  const high = Math.max(...drawn.map(({ response }) => response.x[response.x.length - 1]));
  return {
    key: "response", legend: legend(drawn), notes: [...said, ...failed],
    spec: {
      title: "Concentration-response", about: said.join(" "), lines, marks, bands, points: extras.points,
      x: { label: "inhibitor, nominal concentration (nM)", range: [low, high], log: true },
      y: { label: "pSTAT inhibited (%)", range: [Math.min(0, ...lines.flatMap((l) => l.y)), 100] },
    },
  };
}

const range = (ends) => (ends ? `, 90 % from ${short(ends[0])} to ${short(ends[1])} nM in a new laboratory` : "");

function occupancy(one, band) {
  if (one.day.error) return null;
  const lines = Object.entries(one.day.occupancy).map(([jak, y], k) => ({
    x: one.day.time, y: percent(y), colour: colour(jak), dash: DASHES[k], label: jak, wide: jak === "JAK1" ? 3 : 1.8,
  }));
  const said = lines.map(({ label, y }) => `${label} ${short(Math.min(...y))} to ${short(Math.max(...y))} %`).join(", ");
  return {
    key: "occupancy", notes: [`Arm ${one.i + 1}: ${said}.`],
    legend: lines.map(({ label }, k) => ({ name: label, colour: `var(--${label})`, dash: CSS_DASH[k] })),
    spec: { title: `JAKs occupied over the day, arm ${one.i + 1}`, about: said, x: time([one]), y: { label: "occupied by inhibitor (%)", range: [0, 100] }, lines,
      bands: Object.entries(band?.occupancy ?? {}).map(([jak, edges]) => ({ ...edges, colour: colour(jak) })) },
  };
}

function course(one, band) {
  const { arm, course } = one;
  if (course.error) return { key: "course", legend: [], notes: [course.error], spec: null };
  const minutes = course.times.map((t) => 60 * t);
  const line = (y, dash, label) => ({ x: [0, ...minutes], y: [0, ...y], colour: one.colour, dash, label });
  const lines = [line(course.without[arm.readout], "none", "without inhibitor"), line(course.under[arm.readout], "7 3", "with inhibitor")];
  const at = Object.entries(course.level).map(([id, nM]) => `${short(nM)} nM free ${id}`).join(" and ");
  const why = one.day.error ? "its IC50" : "the average of the period";
  return {
    key: "course", notes: [`Arm ${one.i + 1}: ${at ? `with ${at}, ${why}` : "there is no concentration to follow it at, so both lines are without inhibitor"}; the dotted line is when the assay is read (${short(60 * arm.during)} min).`],
    legend: [{ name: "without inhibitor", colour: `var(--arm${one.i})`, dash: "solid" }, { name: "with inhibitor", colour: `var(--arm${one.i})`, dash: "dashed" }],
    spec: {
      title: `${arm.cytokine} ${arm.readout} in the cell, arm ${one.i + 1}`, about: `With ${at}.`, lines, bands: (band?.course ?? []).map((edges) => ({ ...edges, colour: one.colour })), marks: [{ x: 60 * arm.during, colour: colour("soft") }],
      x: { label: "time after the cytokine (min)", range: [0, 60 * horizon(arm)], hours: false },
      y: { label: `${arm.readout} (%)`, range: [0, top([...lines.map((l) => l.y), ...(band?.course ?? []).map(({ high }) => high)], 1e-6)] },
    },
  };
}
