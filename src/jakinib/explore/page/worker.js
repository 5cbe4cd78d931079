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
    plasma: moieties?.[0].mass ?? null,
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

function row({ names, rows }, number) {
  return Object.fromEntries(names.flatMap((name, i) => (rows[number][i] === null ? [] : [[name, rows[number][i]]])));
}

// Whether a plan estimates the disposition of an arm, so that its plasma is drawn as well.
export function bodyDrawn(content, arm) {
  return content.draws.body.names.some((name) => name.endsWith(`_${arm.inhibitor}@${arm.population}`));
}

function drawnLevels(content, arm, body) {
  if (!arm.population || !bodyDrawn(content, arm)) return null;
  const own = Object.entries(body).filter(([name]) => name.endsWith(`@${arm.population}`));
  const changes = { ...Object.fromEntries(own.map(([name, value]) => [name.split("@")[0], value])), ...arm.changes };
  return levels(content, { ...arm, changes }, dayTimes(content, arm));
}

// Answers messages { content } once and { job, arms, x, levels }; a newer job ends an older one. scope: of the
// worker; x and levels: concentrations (nM) of the curve of each arm, and free ones of its course.
export function serve(scope) {
  let cells = null;
  let current = 0;
  const next = (job, arms, given, number) => {
    if (job !== current) return;
    const { draws } = cells.content;
    const draw = row(draws, number);
    const body = row(draws.body, number);
    const found = arms.map((arm, i) => {
      try {
        return drawn(cells, arm, draw, { ...given[i], moieties: drawnLevels(cells.content, arm, body) ?? given[i].moieties });
      } catch {
        return null; // this draw of the arm is counted as one that could not be simulated
      }
    });
    scope.postMessage({ job, number, found });
    if (number + 1 < draws.rows.length) setTimeout(() => next(job, arms, given, number + 1), 0);
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
