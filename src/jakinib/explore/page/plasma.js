// Plasma of one patient under a regimen: linear kinetics, stepped exactly with the matrix exponential.
// Times in h, amounts in nmol, clearances in L/h, volumes in L.

const SHORTEST_INPUT = 1e-4; // h; an input that lasts less enters as if it lasted this long

// exp(matrix) of a small dense square matrix (array of rows): Taylor series after scaling, then squaring.
function exponential(matrix) {
  const size = matrix.length;
  let largest = 0;
  for (const row of matrix) largest = Math.max(largest, row.reduce((sum, x) => sum + Math.abs(x), 0));
  const halvings = Math.max(0, Math.ceil(Math.log2(Math.max(largest, 1e-300))) + 4);
  const scaled = matrix.map((row) => row.map((x) => x / 2 ** halvings));
  let out = identity(size);
  let term = identity(size);
  for (let order = 1; order <= 12; order++) {
    term = product(term, scaled).map((row) => row.map((x) => x / order));
    out = out.map((row, i) => row.map((x, j) => x + term[i][j]));
  }
  for (let i = 0; i < halvings; i++) out = product(out, out);
  return out;
}

function identity(size) {
  return Array.from({ length: size }, (_, i) => Array.from({ length: size }, (_, j) => (i === j ? 1 : 0)));
}

function product(a, b) {
  return a.map((row) => b[0].map((_, j) => row.reduce((sum, x, k) => sum + x * b[k][j], 0)));
}

// x of matrix x = right, by Gaussian elimination with partial pivoting.
function solved(matrix, right) {
  const rows = matrix.map((row, i) => [...row, right[i]]);
  const size = rows.length;
  for (let i = 0; i < size; i++) {
    let best = i;
    for (let k = i + 1; k < size; k++) if (Math.abs(rows[k][i]) > Math.abs(rows[best][i])) best = k;
    [rows[i], rows[best]] = [rows[best], rows[i]];
    for (let k = i + 1; k < size; k++) {
      const by = rows[k][i] / rows[i][i];
      for (let j = i; j <= size; j++) rows[k][j] -= by * rows[i][j];
    }
  }
  const out = Array(size).fill(0);
  for (let i = size - 1; i >= 0; i--) {
    let sum = rows[i][size];
    for (let j = i + 1; j < size; j++) sum -= rows[i][j] * out[j];
    out[i] = sum / rows[i][i];
  }
  return out;
}

// Apparent disposition of a patient: what food, other drugs and the kidney leave of that of the reference.
function circumstances(kinetics, conditions, eGFR) {
  const out = { ...kinetics.typical };
  const renal = kinetics.renal;
  let exposure = Math.max(1, renal.reference / eGFR) ** renal.exponent;
  for (const condition of conditions) {
    for (const [key, by] of Object.entries(condition.factors)) {
      if (key === "F") exposure *= by.value;
      else if (key in out) out[key] *= by.value;
    }
  }
  if (renal.most !== null) exposure = Math.min(exposure, renal.most);
  for (const key of ["CLr", "CLnr", "Q", "V1", "V2"]) if (key in out) out[key] /= exposure;
  for (const condition of conditions) {
    for (const [key, by] of Object.entries(condition.delays)) if (key in out) out[key] += by.value;
  }
  return out;
}

// Rates of change of the amounts: per moiety a depot, a central and a peripheral amount; two inputs, into the
// depot and into plasma. The metabolite receives the moles of both inputs in its depot.
function kineticsMatrix(moieties, apparent, patient) {
  const size = 3 * moieties.length;
  const matrix = Array.from({ length: size + 2 }, () => Array(size + 2).fill(0));
  moieties.forEach((moiety, number) => {
    const v = number === 0 ? { ...moiety.values, ...apparent } : moiety.values;
    const depot = 3 * number;
    const central = depot + 1;
    const peripheral = depot + 2;
    const ratio = patient.weight / moiety.weight;
    const onClearance = ratio ** moiety.clearance;
    const onVolume = ratio ** moiety.volume;
    const out = ((v.CLr * patient.eGFR) / moiety.eGFR + v.CLnr) * onClearance;
    const volume = v.V1 * onVolume;
    moiety.apparentVolume = volume;
    matrix[central][central] = -out / volume;
    if (v.ka !== undefined) {
      matrix[depot][depot] = -v.ka;
      matrix[central][depot] = v.ka;
    }
    if (v.V2 !== undefined) {
      const exchange = v.Q * onClearance;
      const second = v.V2 * onVolume;
      matrix[central][central] -= exchange / volume;
      matrix[central][peripheral] = exchange / second;
      matrix[peripheral][central] = exchange / volume;
      matrix[peripheral][peripheral] = -exchange / second;
    }
    matrix[depot][size] = 1;
    if (number === 0) matrix[central][size + 1] = 1;
    else matrix[depot][size + 1] = 1;
  });
  return matrix;
}

// Inputs as [begin, end, into the depot nmol/h, into plasma nmol/h] of doses at the times given.
function inputs(times, nmol, apparent, kinetics) {
  const lag = apparent.lag;
  const over = Math.max(apparent.D1, SHORTEST_INPUT);
  const release = Math.max(apparent.release ?? kinetics.release, SHORTEST_INPUT);
  const share = kinetics.first_order;
  const out = [];
  for (const time of times) {
    if (share < 1) out.push([time + lag, time + lag + over, 0, ((1 - share) * nmol) / over]);
    if (share > 0) out.push([time + lag, time + lag + release, (share * nmol) / release, 0]);
  }
  return out;
}

// Total concentration (nM) of each moiety at increasing times from 0 on.
// plan: { dose mg, interval h, steady }: a dose at 0 and every interval, for ever before 0 when steady; a
// single dose where interval is 0.
export function plasma(drug, kinetics, patient, conditions, plan, times) {
  const apparent = circumstances(kinetics, conditions, patient.eGFR);
  const moieties = kinetics.moieties.map((moiety) => ({ ...moiety }));
  const matrix = kineticsMatrix(moieties, apparent, patient);
  const size = matrix.length - 2;
  const nmol = (plan.dose * 1e6) / drug.mass;
  const known = new Map();
  const over = (hours) => {
    const key = Math.round(hours * 1e9);
    if (!known.has(key)) known.set(key, exponential(matrix.map((row) => row.map((x) => x * hours))));
    return known.get(key);
  };
  const step = (amounts, rates, hours) => {
    const by = over(hours);
    const whole = [...amounts, ...rates];
    return amounts.map((_, i) => whole.reduce((sum, x, j) => sum + by[i][j] * x, 0));
  };
  const end = times[times.length - 1];
  const due = [];
  const span = plan.interval;
  if (!span) due.push(0);
  else for (let k = plan.steady ? -60 : 0; k * span < end - 1e-9 || k <= 0; k++) due.push(k * span);
  const given = inputs(due, nmol, apparent, kinetics).filter(([, stop]) => stop > 0);
  const along = (amounts, at) => {
    const turns = given.flat().filter((_, i) => i % 4 < 2);
    const all = [...new Set([0, ...at, ...turns.filter((t) => t > 0 && t < at[at.length - 1])])].sort((a, b) => a - b);
    const wanted = new Set(at);
    const found = [];
    for (let i = 0; i < all.length; i++) {
      if (i > 0) {
        const middle = (all[i] + all[i - 1]) / 2;
        const rates = [0, 0];
        for (const [from, to, depot, central] of given) {
          if (from <= middle && middle < to) {
            rates[0] += depot;
            rates[1] += central;
          }
        }
        amounts = step(amounts, rates, all[i] - all[i - 1]);
      }
      if (wanted.has(all[i])) found.push(amounts);
    }
    return found;
  };
  let start = Array(size).fill(0);
  if (span && plan.steady) {
    // Over one interval amounts x become P x + b, so that those that repeat are (1 - P)^-1 b.
    const made = along(start, [span])[0];
    const kept = over(span);
    // A compartment that a moiety lacks keeps its nothing.
    const lacks = (i) => matrix[i].slice(0, size).every((x) => x === 0) && matrix.every((row) => row[i] === 0);
    start = solved(
      start.map((_, i) => start.map((_, j) => (i === j ? 1 : 0) - (lacks(i) ? 0 : kept[i][j]))),
      made.map((x, i) => (lacks(i) ? 0 : x)),
    );
  }
  const found = along(start, times);
  return moieties.map((moiety, number) => ({
    id: moiety.id,
    total: found.map((amounts) => amounts[3 * number + 1] / moiety.apparentVolume),
  }));
}
