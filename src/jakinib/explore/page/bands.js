// 90 % bands from the posterior draws, which a worker computes one after the other.
import { bodyDrawn, courseTimes, dayTimes } from "./worker.js";

// Quantile of numbers, the k-th of n at (k - 0.5) / n (Hazen) or at (k - 1) / (n - 1).
export function quantile(numbers, share, hazen = false) {
  const sorted = Float64Array.from(numbers).sort();
  const at = hazen ? sorted.length * share - 0.5 : (sorted.length - 1) * share;
  const low = Math.min(Math.max(Math.floor(at), 0), sorted.length - 1);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + Math.min(Math.max(at - low, 0), 1) * (sorted[high] - sorted[low]);
}

// Central 90 % interval of the IC50 (nM) that a new laboratory would publish, from ln IC50s of draws.
export function newLaboratory(draws, inhibitor, logs) {
  const unseen = draws.fitted.includes(`shift_${inhibitor}`) ? 0 : draws.inhibitor;
  const wide = Math.hypot(draws.repeat, draws.laboratory, unseen);
  const all = logs.flatMap((log) => draws.blur.map((z) => log + wide * z));
  return [0.05, 0.95].map((share) => Math.exp(quantile(all, share, true)));
}

function edges(rows) {
  const at = (share) => rows[0].map((_, i) => quantile(rows.map((row) => row[i]), share));
  return { low: at(0.05), high: at(0.95) };
}

// Asks the worker and keeps what it found; changed() is called when there is more to show.
export class Bands {
  constructor(cells, changed) {
    this.cells = cells;
    this.draws = cells.content.draws;
    this.changed = changed;
    this.job = 0;
    this.found = [];
    this.failed = "";
    if (this.draws.missing) return;
    try {
      const text = `${document.getElementById("engine").textContent}\n$worker.serve(self);`;
      this.worker = new Worker(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
      this.worker.onmessage = ({ data }) => this.take(data);
      this.worker.onerror = (event) => { this.failed = event.message || "the browser runs no worker here"; };
      this.worker.postMessage({ content: cells.content });
    } catch (error) {
      this.failed = error.message;
    }
  }

  // arms as they compute; x: concentrations (nM) of each one's curve, null where it has none; levels: free
  // concentrations (nM) by inhibitor at which the cell is followed.
  ask(arms, x, levels) {
    const key = JSON.stringify([arms, x, levels]);
    if (!this.worker || key === this.key) return;
    Object.assign(this, { key, arms, x, found: [] });
    const live = arms.map((_, i) => i).filter((i) => x[i]);
    this.live = live;
    this.worker.postMessage({ job: ++this.job, arms: live.map((i) => arms[i]), x: live.map((i) => x[i]), levels: live.map((i) => levels[i]) });
  }

  take({ job, number, found }) {
    if (job !== this.job) return;
    this.found.push(found);
    const { length } = this.found;
    if (length >= this.draws.fewest && (length % 10 === 0 || number === this.draws.rows.length - 1)) this.changed();
  }

  // Bands by arm: { response, plasma, day, occupancy, course, interval, count }; null before there are enough draws.
  get shown() {
    if (!this.arms || this.found.length < this.draws.fewest) return [];
    return this.arms.map((arm, i) => {
      const place = this.live.indexOf(i);
      const mine = place < 0 ? [] : this.found.map((draw) => draw[place]).filter(Boolean);
      if (mine.length < this.draws.fewest) return null;
      const logs = mine.map(({ ln }) => ln).filter((ln) => ln !== null);
      const days = mine.map(({ day }) => day).filter(Boolean);
      const occupied = mine.map(({ occupancy }) => occupancy).filter(Boolean);
      const [hours, times] = [dayTimes(this.cells.content, arm), courseTimes(arm)];
      const percent = (rows) => edges(rows.map((row) => row.map((share) => 100 * share)));
      return {
        count: mine.length,
        response: { x: this.x[i], ...percent(mine.map(({ response }) => response)) },
        interval: logs.length >= this.draws.fewest ? newLaboratory(this.draws, arm.inhibitor, logs) : null,
        day: days.length >= this.draws.fewest ? { x: hours, ...percent(days) } : null,
        plasma: days.length >= this.draws.fewest && bodyDrawn(this.cells.content, arm)
          ? { x: hours, ...edges(mine.map(({ plasma }) => plasma)) }
          : null,
        occupancy: occupied.length >= this.draws.fewest
          ? Object.fromEntries(Object.keys(occupied[0]).map((jak) => [jak, { x: hours, ...percent(occupied.map((one) => one[jak])) }]))
          : null,
        course: [0, 1].map((k) => ({ x: times.map((t) => 60 * t), ...edges(mine.map(({ course }) => course[k])) })),
      };
    });
  }
}
