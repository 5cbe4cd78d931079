// What the page computes of everything that it knows, as text in the page: opened with #selftest it is compared
// with the command line by whoever made it.
import { grid, levels, day } from "./day.js";
import { scenario } from "./downloads.js";
import { usual, written } from "./store.js";

const MINUTES = [2, 5, 10, 15, 30, 60, 120];
const HOURS = [0, 0.5, 1, 2, 4, 8, 12, 23];

export function selftest(cells) {
  const { content } = cells;
  const ic50 = {};
  const course = {};
  const days = [];
  for (const cytokine of Object.keys(content.cytokines)) {
    ic50[cytokine] = {};
    course[cytokine] = {};
    for (const cell of Object.keys(content.cytokines[cytokine].cells)) {
      const setup = { ...usual(content, { inhibitor: Object.keys(content.inhibitors)[0], cytokine }), cell };
      course[cytokine][cell] = cells.course(setup, { [setup.inhibitor]: 100 }, MINUTES.map((t) => t / 60));
    }
    for (const inhibitor of Object.keys(content.inhibitors)) {
      ic50[cytokine][inhibitor] = cells.ic50(usual(content, { inhibitor, cytokine }));
    }
  }
  for (const [inhibitor, drug] of Object.entries(content.inhibitors)) {
    for (const population of Object.keys(drug.populations)) {
      const arm = { ...usual(content, { inhibitor, cytokine: Object.keys(content.cytokines)[0] }), population };
      const other = { ...arm, weight: 61, eGFR: 41, with: Object.keys(drug.conditions), plan: { dose: 7, interval: 0, steady: false } };
      const whole = day(cells, arm);
      const at = HOURS.map((hour) => whole.time.findIndex((t) => Math.abs(t - hour) < 1e-9));
      days.push({
        inhibitor, population, arm, hours: HOURS, inhibition: at.map((i) => whole.inhibition[i]),
        occupancy: Object.fromEntries(Object.entries(whole.occupancy).map(([jak, y]) => [jak, at.map((i) => y[i])])),
        free: Object.fromEntries(levels(content, arm, grid(24, 1)).map(({ id, free }) => [id, free])),
        yaml: [scenario(content, arm), scenario(content, other)], asked: [arm, other],
        address: written(content, { arms: [arm, other], on: 1 }),
        other: Object.fromEntries(levels(content, other, grid(24, 1)).map(({ id, free }) => [id, free])),
      });
    }
  }
  return { ic50, course, days, minutes: MINUTES };
}

const MOVES = 15;

// Milliseconds that each move of a slider takes, layout included, by cytokine and inhibitor; opened with #timing.
export function timed(content, put) {
  const drugs = Object.keys(content.inhibitors).filter((id) => Object.keys(content.inhibitors[id].populations).length);
  return Object.fromEntries(Object.keys(content.cytokines).map((cytokine) => [
    cytokine,
    Object.fromEntries(drugs.map((inhibitor) => {
      const arm = usual(content, { inhibitor, cytokine });
      const usualKm = content.parameters.Km_JAK1.value;
      put(arm, false);
      return [inhibitor, Array.from({ length: MOVES }, (_, k) => {
        const begin = performance.now();
        put({ ...arm, changes: { Km_JAK1: usualKm * (0.6 + 0.05 * k) } }, true);
        document.body.getBoundingClientRect();
        return performance.now() - begin;
      })];
    })),
  ]));
}
