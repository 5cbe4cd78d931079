// The question that the page holds: up to four arms, of which one is being changed; undo; the address.

export const MOST_ARMS = 4;
const STEPS = 200;

// An arm as it is when nothing is said. Doses of the library's first regimen are given by the caller.
export function usual(content, { inhibitor, cytokine }) {
  const drug = content.inhibitors[inhibitor];
  const people = Object.keys(drug.populations);
  const entry = content.cytokines[cytokine];
  return {
    inhibitor,
    population: people.includes("ra_adult") ? "ra_adult" : (people[0] ?? ""),
    plan: { dose: drug.usual.dose, interval: drug.usual.interval, steady: true },
    weight: null,
    eGFR: null,
    with: [],
    cytokine,
    readout: Object.keys(entry.readouts)[0],
    cell: entry.reference,
    matrix: "whole blood",
    dose: entry.dose,
    before: 1,
    during: 0.25,
    changes: {},
  };
}

// The arm with one field changed and all that hangs on it put right.
export function changed(content, arm, field, value) {
  let out = { ...arm, [field]: value };
  if (field === "inhibitor") {
    const base = usual(content, { inhibitor: value, cytokine: arm.cytokine });
    const known = content.inhibitors[value];
    out.plan = base.plan;
    if (!(arm.population in known.populations)) out.population = base.population;
    out.with = arm.with.filter((name) => name in known.conditions);
    out.changes = kept(arm.changes, (symbol) => !symbol.includes(arm.inhibitor));
  }
  if (field === "population") [out.weight, out.eGFR] = [null, null];
  if (field === "cytokine") {
    const base = usual(content, { inhibitor: arm.inhibitor, cytokine: value });
    out = { ...out, readout: base.readout, dose: base.dose };
    if (!(arm.cell in content.cytokines[value].cells)) out.cell = base.cell;
    out.changes = kept(arm.changes, (symbol) => symbol.includes(`_${arm.inhibitor}`) || /^(Km|ATP$)/.test(symbol));
  }
  if (field === "cell") out.changes = kept(arm.changes, (symbol) => !symbol.endsWith("_rest"));
  return out;
}

function kept(changes, keep) {
  return Object.fromEntries(Object.entries(changes).filter(([symbol]) => keep(symbol)));
}

// What is wrong with an arm that came from an address; empty when nothing is.
export function fault(content, arm) {
  const among = (field, known) => (arm[field] in known ? "" : `${field} '${arm[field]}' is not in this page`);
  const first = among("inhibitor", content.inhibitors) || among("cytokine", content.cytokines);
  if (first) return first;
  const entry = content.cytokines[arm.cytokine];
  const drug = content.inhibitors[arm.inhibitor];
  const found = [
    among("readout", entry.readouts),
    among("cell", entry.cells),
    among("matrix", drug.free),
    arm.population === "" && !Object.keys(drug.populations).length ? "" : among("population", drug.populations),
    ...(arm.with ?? []).map((name) => (name in drug.conditions ? "" : `'${name}' is not known of ${arm.inhibitor}`)),
    ...[arm.plan.dose, arm.dose, arm.before, arm.during, ...Object.values(arm.changes)].map((x) =>
      Number.isFinite(x) && x >= 0 ? "" : "a number is missing or below 0",
    ),
    arm.plan.interval === 0 || arm.plan.interval >= 4 ? "" : "the interval is below 4 h",
    arm.during > 0 ? "" : "the time with cytokine is 0",
  ];
  return found.find(Boolean) ?? "";
}

// Arms as text for the address: of each only what differs from the usual.
export function written(content, state) {
  const arms = state.arms.map((arm) => {
    const base = usual(content, arm);
    const out = { i: arm.inhibitor, c: arm.cytokine };
    for (const key of Object.keys(base)) {
      if (JSON.stringify(arm[key]) !== JSON.stringify(base[key])) out[key] = arm[key];
    }
    return out;
  });
  return encodeURIComponent(JSON.stringify({ v: 1, on: state.on, arms }));
}

// The state of an address; null for none, an Error for one that this page cannot show.
export function readBack(content, hash) {
  const text = hash.replace(/^#/, "");
  if (!text.startsWith("%7B") && !text.startsWith("{")) return null;
  try {
    const given = JSON.parse(decodeURIComponent(text));
    const arms = given.arms.slice(0, MOST_ARMS).map(({ i, c, ...own }) => {
      if (!(i in content.inhibitors) || !(c in content.cytokines)) throw new Error(`${i} on ${c} is not in this page`);
      return { ...usual(content, { inhibitor: i, cytokine: c }), inhibitor: i, cytokine: c, ...own };
    });
    const wrong = arms.map((arm) => fault(content, arm)).find(Boolean);
    if (wrong || !arms.length) throw new Error(wrong || "no arm");
    return { arms, on: Math.min(Math.max(given.on | 0, 0), arms.length - 1) };
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

// States in order; a change that is still going on (a slider held) replaces the last one.
export class History {
  constructor(first) {
    this.past = [first];
    this.at = 0;
    this.open = false;
  }

  get state() {
    return this.past[this.at];
  }

  put(state, going = false) {
    if (this.open && going) this.past[this.at] = state;
    else {
      this.past = [...this.past.slice(0, this.at + 1), state].slice(-STEPS);
      this.at = this.past.length - 1;
    }
    this.open = going;
  }

  close() {
    this.open = false;
  }

  step(by) {
    this.at = Math.min(Math.max(this.at + by, 0), this.past.length - 1);
    this.open = false;
    return this.state;
  }
}
