// A scenario over one period: plasma, free concentrations, occupancy and inhibition of one arm.
import { plasma } from "./plasma.js";

export const STEP = 0.05; // h between points of plasma
export const DRAW = 0.1; // h between draws where each is simulated

// The period that is looked at: at steady state a day or more, a whole number of intervals; else 24 h.
export function period(plan) {
  return plan.interval ? plan.interval * Math.max(1, Math.ceil(24 / plan.interval - 1e-9)) : 24;
}

export function grid(end, step) {
  const number = Math.round(end / step);
  return Array.from({ length: number + 1 }, (_, i) => (i * end) / number);
}

// Kinetics with the changes that sliders make to their numbers, by symbol.
function changed(kinetics, id, changes) {
  const typical = { ...kinetics.typical };
  const moieties = kinetics.moieties.map((moiety) => ({ ...moiety, values: { ...moiety.values } }));
  for (const [symbol, value] of Object.entries(changes)) {
    for (const moiety of moieties) {
      if (!symbol.endsWith(`_${moiety.id}`)) continue;
      const key = symbol.slice(0, -moiety.id.length - 1);
      if (moiety.id === id && key in typical) typical[key] = value;
      if (key in moiety.values) moiety.values[key] = value;
    }
  }
  return { ...kinetics, typical, moieties };
}

// Plasma of an arm at times (h): total (nM and ng/mL) and free (nM) of the inhibitor and its metabolite.
export function levels(content, arm, times) {
  const drug = content.inhibitors[arm.inhibitor];
  const people = content.populations[arm.population];
  const kinetics = changed(drug.populations[arm.population], arm.inhibitor, arm.changes ?? {});
  const patient = { weight: arm.weight ?? people.weight, eGFR: arm.eGFR ?? people.eGFR };
  const conditions = (arm.with ?? []).map((name) => drug.conditions[name]);
  return plasma(drug, kinetics, patient, conditions, arm.plan, times).map(({ id, total }) => {
    const own = content.inhibitors[id];
    const fu = arm.changes?.[`fu_${id}`] ?? own.fu.value;
    return { id, total, mass: total.map((nM) => nM * own.mass * 1e-3), free: total.map((nM) => fu * nM) };
  });
}

// Everything of a day: { time, moieties, occupancy, inhibition }. coarse: fewer draws where each is simulated.
export function day(cells, arm, { coarse = false, draw } = {}) {
  const end = period(arm.plan);
  const time = grid(end, STEP);
  const moieties = levels(cells.content, arm, time);
  let inhibition;
  if (moieties.length === 1) inhibition = cells.along(arm, moieties, draw);
  else {
    const every = coarse ? 20 : Math.round(DRAW / STEP);
    const drawn = moieties.map((m) => ({ id: m.id, free: m.free.filter((_, i) => i % every === 0) }));
    const at = cells.along(arm, drawn, draw);
    inhibition = time.map((_, i) => {
      const k = Math.min(Math.floor(i / every), at.length - 2);
      const share = i / every - k;
      return at[k] * (1 - share) + at[k + 1] * share;
    });
  }
  return { time, moieties, occupancy: cells.occupancy(arm, moieties), inhibition };
}

// Average and extremes over the period, and hours a day above half inhibition, by the trapezoidal rule.
export function summary({ time, moieties, inhibition }) {
  const end = time[time.length - 1];
  const mean = (y) => y.slice(1).reduce((sum, v, i) => sum + ((v + y[i]) / 2) * (time[i + 1] - time[i]), 0) / end;
  let above = 0;
  for (let i = 1; i < time.length; i++) {
    const [a, b] = [inhibition[i - 1], inhibition[i]];
    const [low, high] = [Math.min(a, b), Math.max(a, b)];
    const share = high > low ? (high - Math.min(Math.max(0.5, low), high)) / (high - low) : Number(low > 0.5);
    above += share * (time[i] - time[i - 1]);
  }
  const level = moieties[0].mass;
  return {
    mean: mean(inhibition), most: Math.max(...inhibition), least: Math.min(...inhibition), above: (above * 24) / end,
    cmax: Math.max(...level), cmin: Math.min(...level), tmax: time[level.indexOf(Math.max(...level))], auc: mean(level) * end,
  };
}
