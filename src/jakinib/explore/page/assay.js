// One cell under cytokine and inhibitor: what is set in its model, what it answers, and its curves.
// A setup is { inhibitor, cytokine, readout, cell, matrix, dose nM, before h, during h, changes: {symbol: value} }.
import { concentrations, halfMaximal, lawThrough, reach } from "./law.js";

export const RTOL = 1e-8;
export const QUICK = 1e-6; // relative tolerance while a slider moves, and of posterior draws
const JAKS = ["JAK1", "JAK2", "JAK3", "TYK2"];

// The models of the page, each made when it is first asked for. integrate: of rodas5p.js.
export class Cells {
  constructor(content, makers, integrate) {
    this.content = content;
    this.makers = makers;
    this.integrate = integrate;
    this.made = {};
    this.rtol = RTOL;
  }

  model(cytokine) {
    if (!this.made[cytokine]) {
      const made = (this.made[cytokine] = this.makers[cytokine]());
      // A volume may not be set alone; a cell brings its volumes with every start that hangs on them.
      for (const { values } of Object.values(this.content.cytokines[cytokine].cells))
        for (const name of Object.keys(values)) delete made.refused[name];
    }
    return this.made[cytokine];
  }

  // Values of the model of a setup: those of its cell, then changes, then the starts that follow from them.
  // draw: values of one posterior draw, by symbol or symbol@cell.
  values(setup, draw = {}) {
    const cell = this.content.cytokines[setup.cytokine].cells[setup.cell];
    const model = this.model(setup.cytokine);
    model.known ??= new Set([...model.parameters, ...model.states]);
    const given = { ...cell.values };
    for (const [name, value] of Object.entries({ ...draw, ...setup.changes })) {
      const [symbol, only] = name.split("@");
      if ((!only || only === setup.cell) && model.known.has(symbol)) given[symbol] = value;
    }
    model.usual ??= Object.fromEntries(model.parameters.map((name, i) => [name, model.values[i]]));
    const of = (name) => given[name] ?? model.usual[name];
    for (const [species, from, among, pool] of cell.starts) {
      const whole = among.length ? among.reduce((sum, name) => sum + of(name), 0) : 1;
      given[species] = (pool * of(from)) / whole;
    }
    return given;
  }

  // Free share of the nominal concentration.
  free(setup) {
    return setup.changes?.[`fu_${setup.inhibitor}`] === undefined
      ? this.content.inhibitors[setup.inhibitor].free[setup.matrix]
      : freeShare(this.content.inhibitors[setup.inhibitor], setup.matrix, setup.changes[`fu_${setup.inhibitor}`]);
  }

  // One run: resting cell with inhibitors at free concentrations (by id), then cytokine; readings at times (h
  // after the cytokine).
  run(setup, levels, times, values) {
    const settings = { ...values };
    for (const [id, nM] of Object.entries(levels)) settings[`I_${id}`] = nM;
    const ligand = `L_${this.content.cytokines[setup.cytokine].symbol}`;
    return this.integrate(this.model(setup.cytokine), {
      values: settings,
      times,
      stops: [{ time: 0, set: { [ligand]: setup.dose } }],
      from: -setup.before,
      rtol: this.rtol,
    });
  }

  // Inhibition (fraction) by free concentrations of inhibitors, a run each.
  inhibited(setup, draw) {
    const values = this.values(setup, draw);
    const symbol = this.content.cytokines[setup.cytokine].readouts[setup.readout].symbol;
    const signal = (levels) => this.run(setup, levels, [setup.during], values).read(symbol)[0];
    const top = signal({});
    if (!(top > 1e-9)) throw new Error("no signal without inhibitor; choose another cytokine dose or cell");
    return (levels) => 1 - signal(levels) / top;
  }

  // What `make` returns, computed at another relative tolerance.
  at(rtol, make) {
    const before = this.rtol;
    this.rtol = rtol;
    try {
      return make();
    } finally {
      this.rtol = before;
    }
  }

  // Concentration-response against the nominal concentration: IC50 (nM, null for none) and the curve over two
  // decades either side of it.
  response(setup, { draw, near, points = 81 } = {}) {
    const inhibited = this.inhibited(setup, draw);
    const free = this.free(setup);
    const nominal = (c) => inhibited({ [setup.inhibitor]: free * c });
    const log = halfMaximal(nominal, near);
    const middle = log ?? 2;
    const [low, high] = [10 ** (middle - 2), 10 ** (middle + 2)];
    const law = lawThrough(concentrations(low, high).map(nominal), low, high);
    const x = Array.from({ length: points }, (_, i) => 10 ** (middle - 2 + (4 * i) / (points - 1)));
    return { ic50: log === null ? null : 10 ** log, x, y: x.map(law) };
  }

  ic50(setup, { draw, near } = {}) {
    const inhibited = this.inhibited(setup, draw);
    const free = this.free(setup);
    const log = halfMaximal((c) => inhibited({ [setup.inhibitor]: free * c }), near);
    return log === null ? null : 10 ** log;
  }

  // Inhibition (fraction) along free concentrations: moieties = [{ id, free: [nM] }], at equal times.
  along(setup, moieties, draw) {
    const inhibited = this.inhibited(setup, draw);
    if (moieties.length > 1) {
      return moieties[0].free.map((_, i) => inhibited(Object.fromEntries(moieties.map((m) => [m.id, m.free[i]]))));
    }
    const [{ id, free }] = moieties;
    if (!(Math.max(...free) > 0)) return free.map(() => 0);
    const [low, high] = reach(free);
    return free.map(lawThrough(concentrations(low, high).map((c) => inhibited({ [id]: c })), low, high));
  }

  // Share of each JAK that inhibitors occupy along free concentrations: at once where they bind at equilibrium,
  // at the end of the assay where one binds otherwise.
  occupancy(setup, moieties, draw) {
    const values = this.values(setup, draw);
    const model = this.model(setup.cytokine);
    const jaks = JAKS.filter((jak) => model.read.includes(`occupancy_${jak}`));
    if (moieties.some(({ id }) => this.content.inhibitors[id].binding.length)) {
      return this.occupied(setup, moieties[0], values, jaks);
    }
    const of = (name) => values[name] ?? model.usual[name];
    const share = (jak) => {
      const Km = of(`Km_${jak}`);
      const loads = moieties.map(({ id, free }) => {
        const Ki = of(`IC50_${id}_${jak}`) / (1 + of(`ATP_${id}_${jak}`) / Km);
        const apparent = of(`shift_${id}`) * Ki * (1 + of("ATP") / Km);
        return free.map((nM) => nM / apparent);
      });
      return loads[0].map((_, i) => {
        const load = loads.reduce((sum, one) => sum + one[i], 0);
        return load / (1 + load);
      });
    };
    return Object.fromEntries(jaks.map((jak) => [jak, share(jak)]));
  }

  occupied(setup, { id, free }, values, jaks) {
    const [low, high] = reach(free);
    const runs = concentrations(low, high).map((nM) => this.run(setup, { [id]: nM }, [setup.during], values));
    return Object.fromEntries(jaks.map((jak) => {
      const law = lawThrough(runs.map((run) => run.read(`occupancy_${jak}`)[0]), low, high);
      return [jak, free.map(law)];
    }));
  }

  // Every read-out of the cytokine over time (h after the cytokine), at free concentrations by id.
  course(setup, levels, times, draw) {
    const run = this.run(setup, levels, times, this.values(setup, draw));
    const readouts = this.content.cytokines[setup.cytokine].readouts;
    return Object.fromEntries(Object.entries(readouts).map(([name, { symbol }]) => [name, Array.from(run.read(symbol))]));
  }
}

// Free share of the nominal concentration with another fraction unbound in plasma.
export function freeShare(drug, matrix, fu) {
  if (matrix === "ex vivo blood") return fu;
  if (matrix === "whole blood") return fu / drug.ratio.value;
  return 1 / (1 + drug.serum * (1 / fu - 1));
}
