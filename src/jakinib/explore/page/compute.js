// What the page shows of an arm, each part once for what it hangs on: plasma and day, concentration-response,
// course of the cell. A part that cannot be computed says why in place of its numbers.
import { QUICK, RTOL } from "./assay.js";
import { day, grid, summary } from "./day.js";
import { horizon } from "./worker.js";

const kept = new Map();
const MOST = 80;

function once(kind, arm, fields, make) {
  const key = `${kind} ${JSON.stringify(fields.map((name) => arm[name] ?? null))}`;
  if (!kept.has(key)) {
    let found;
    try {
      found = make();
    } catch (error) {
      found = { error: error.message };
    }
    kept.set(key, found);
    if (kept.size > MOST) kept.delete(kept.keys().next().value);
  }
  return kept.get(key);
}

const CELL = ["inhibitor", "cytokine", "readout", "cell", "dose", "before", "during", "changes"];
const BODY = ["population", "plan", "weight", "eGFR", "with"];

// The changes of an arm that act on its cell or on its body alone, so that the other part is kept.
function acting(content, arm) {
  const numbers = content.inhibitors[arm.inhibitor].populations[arm.population]?.numbers ?? {};
  const body = (symbol) => symbol in numbers || symbol.startsWith("fu_");
  const pick = (keep) => Object.fromEntries(Object.entries(arm.changes).filter(([symbol]) => keep(symbol)));
  return { body: pick(body), cell: pick((symbol) => !body(symbol) || symbol.startsWith("fu_")) };
}

// quality: "moving" while a slider is held, at a coarser tolerance; "first" with fewer draws of blood where an
// active metabolite has each simulated; "full". near: IC50 (nM) as it was before.
export function results(cells, arm, quality = "full", near = 100) {
  return cells.at(quality === "moving" ? QUICK : RTOL, () => parts(cells, arm, quality, near));
}

function parts(cells, arm, quality, near) {
  const quick = quality === "moving" ? "quick " : "";
  const several = Boolean(cells.content.inhibitors[arm.inhibitor].metabolite);
  const coarse = several && quality !== "full";
  const { body, cell } = acting(cells.content, arm);
  const onCell = { ...arm, changes: cell };
  const response = once(`${quick}response`, onCell, [...CELL, "matrix"], () => cells.response(onCell, { near: Math.log10(near) }));
  const body_ = { ...arm, changes: { ...cell, ...body } };
  const through = arm.population
    ? once(`${quick}${coarse ? "coarse " : ""}day`, body_, [...CELL, ...BODY], () => {
        const found = day(cells, body_, { coarse });
        return { ...found, summary: summary(found) };
      })
    : { error: `the library has no pharmacokinetics of ${cells.content.inhibitors[arm.inhibitor].name}` };
  const level = through.error ? null : average(through);
  const held = { ...onCell, level: level ?? half(cells, onCell, response) };
  const course = once(`${quick}course`, held, [...CELL, "level"], () => {
    const times = grid(horizon(arm), horizon(arm) / 120).slice(1);
    const signal = (levels) => {
      const read = cells.course(onCell, levels, times);
      return Object.fromEntries(Object.entries(read).map(([name, y]) => [name, y]));
    };
    return { times, without: signal({}), under: signal(held.level), level: held.level };
  });
  return { response, day: through, course };
}

// Average free concentration over the period, by moiety.
function average({ time, moieties }) {
  const end = time[time.length - 1];
  return Object.fromEntries(moieties.map(({ id, free }) => [
    id, free.slice(1).reduce((sum, v, i) => sum + ((v + free[i]) / 2) * (time[i + 1] - time[i]), 0) / end,
  ]));
}

function half(cells, arm, response) {
  return response.ic50 ? { [arm.inhibitor]: response.ic50 * cells.free(arm) } : {};
}

