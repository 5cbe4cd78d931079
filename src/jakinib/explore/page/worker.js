// What a worker does: draw after draw of the parameters, curves and half-maximal concentrations of every arm.
import { Cells, QUICK } from "./assay.js";
import { grid, levels, period } from "./day.js";
import { concentrations, halfMaximal, lawThrough } from "./law.js";
import { MODELS } from "./models.js";
import { integrate } from "./rodas5p.js";

const [FINE, COARSE] = [0.2, 1]; // h

// One draw of an arm: inhibition along x (nM) and along the levels of its day, ln IC50 (null where there is none).
// Also the read-out over the time of the cell, without inhibitor and at `level`, and the occupancy of each JAK.
export function drawn(cells, arm, draw, { x, level, moieties }) {
  const inhibited = cells.inhibited(arm, draw);
  const free = cells.free(arm);
  const nominal = (c) => inhibited({ [arm.inhibitor]: free * c });
  const [low, high] = [x[0], x[x.length - 1]];
  const law = lawThrough(concentrations(low, high).map(nominal), low, high);
  let log = halfMaximal(law, Math.log10(Math.sqrt(low * high)));
  if (log === null || log <= Math.log10(low) || log >= Math.log10(high)) log = halfMaximal(nominal, Math.log10(Math.sqrt(low * high)));
  return {
    response: x.map(law),
    ln: log === null ? null : log * Math.LN10,
    day: moieties && cells.along(arm, moieties, draw),
    occupancy: moieties && cells.occupancy(arm, moieties, draw),
    course: [{}, level].map((levels) => cells.course(arm, levels, courseTimes(arm), draw)[arm.readout]),
  };
}

// Hours over which the cell is followed: 8 times the time with cytokine, from 1 h to a day.
export function horizon(arm) {
  return Math.max(1, Math.min(24, arm.during * 8));
}

export function courseTimes(arm) {
  return grid(horizon(arm), horizon(arm) / 40).slice(1);
}

// Times (h) at which the band of a day is drawn; a metabolite has every level simulated, so they are fewer.
export function dayTimes(content, arm) {
  return grid(period(arm.plan), content.inhibitors[arm.inhibitor].metabolite ? COARSE : FINE);
}

// Answers messages { content } once and { job, arms, x, levels }; a newer job ends an older one. scope: of the
// worker; x and levels: concentrations (nM) of the curve of each arm, and free ones of its course.
export function serve(scope) {
  let cells = null;
  let current = 0;
  const next = (job, arms, given, number) => {
    if (job !== current) return;
    const { names, rows } = cells.content.draws;
    const draw = Object.fromEntries(names.flatMap((name, i) => (rows[number][i] === null ? [] : [[name, rows[number][i]]])));
    const found = arms.map((arm, i) => {
      try {
        return drawn(cells, arm, draw, given[i]);
      } catch {
        return null; // this draw of the arm is counted as one that could not be simulated
      }
    });
    scope.postMessage({ job, number, found });
    if (number + 1 < rows.length) setTimeout(() => next(job, arms, given, number + 1), 0);
  };
  scope.onmessage = ({ data }) => {
    if (data.content) {
      cells = new Cells(data.content, MODELS, integrate);
      cells.rtol = QUICK;
    } else {
      current = data.job;
      const given = data.arms.map((arm, i) => ({
        x: data.x[i], level: data.levels[i],
        moieties: arm.population ? levels(cells.content, arm, dayTimes(cells.content, arm)) : null,
      }));
      if (data.arms.length) next(data.job, data.arms, given, 0);
    }
  };
}
