// Runs of a model: Rodas5P, a stiffly accurate Rosenbrock method of order 5 with an embedded error estimate and
// dense output of order 4 (G. Steinebach 2023, BIT Numer. Math. 63:27, doi:10.1007/s10543-023-00967-x).

const rows = (lists) => lists.map((list) => Float64Array.from(list));
const GAMMA = 0.21193756319429014;
const A = rows([
  [],
  [3],
  [2.849394379747939, 0.45842242204463923],
  [-6.954028509809101, 2.489845061869568, -10.358996098473584],
  [2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641],
  [-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946],
]);
const C = rows([
  [],
  [-14.155112264123755],
  [-17.97296035885952, -2.859693295451294],
  [147.12150275711716, -1.41221402718213, 71.68940251302358],
  [165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306],
  [24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125, -0.6610691825249471],
  [30.91273214028599, -3.1208243349937974, 77.79954646070892, 34.28646028294783, -19.097331116725623,
    -28.087943162872662],
  [37.80277123390563, -3.2571969029072276, 112.26918849496327, 66.9347231244047, -40.06618937091002,
    -54.66780262877968, -9.48861652309627],
]);
const H = rows([
  [25.948786856663858, -2.5579724845846235, 10.433815404888879, -2.3679251022685204, 0.524948541321073,
    1.1241088310450404, 0.4272876194431874, -0.17202221070155493],
  [-9.91568850695171, -0.9689944594115154, 3.0438037242978453, -24.495224566215796, 20.176138334709044,
    15.98066361424651, -6.789040303419874, -6.710236069923372],
  [11.419903575922262, 2.8879645146136994, 72.92137995996029, 80.12511834622643, -52.072871366152654,
    -59.78993625266729, -0.15582684282751913, 4.883087185713722],
]);
const TINY = 1e-9; // times closer than this are one time
const MOST = 100000; // steps of a run
const TIME = "$time"; // the state that is the time

const kept = new WeakMap(); // what runs of a model write into, made once

function room(model) {
  let found = kept.get(model);
  if (!found) {
    const n = model.states.length, vector = (size) => new Float64Array(size);
    const slots = new Map([...model.states, ...model.parameters].map((name, slot) => [name, slot]));
    found = {
      n, slots, atol: Float64Array.from(model.atol), diagonal: Int32Array.from(model.diagonal),
      y: vector(n), ahead: vector(n), rate: vector(n), trial: vector(n), flow: vector(n), seen: vector(n),
      stage: Array.from({ length: 8 }, () => vector(n)), dense: H.map(() => vector(n)),
      p: vector(model.parameters.length + model.switches.length), c: vector(model.prepared),
      slope: vector(model.places), matrix: vector(model.places), read: vector(model.read.length), steps: 0,
    };
    kept.set(model, found);
  }
  return found;
}

function slotOf(model, r, name, value) {
  if (Object.hasOwn(model.refused, name)) throw new Error(`${model.id}: ${name} cannot be set: ${model.refused[name]}`);
  const slot = r.slots.get(name);
  if (slot === undefined || name === TIME) throw new Error(`${model.id}: ${name} is no parameter or state, so it cannot be set`);
  if (!Number.isFinite(value)) throw new Error(`${model.id}: ${name} = ${value}; give a finite number`);
  return slot;
}

function write(model, r, values) {
  for (const name of Object.keys(values)) {
    const slot = slotOf(model, r, name, values[name]);
    if (slot < r.n) r.y[slot] = values[name];
    else r.p[slot - r.n] = values[name];
  }
}

function begin(model, r, values, from) {
  const timed = r.slots.get(TIME), given = (name) => Object.hasOwn(values, name);
  r.y.set(model.start);
  r.p.set(model.values);
  if (timed !== undefined) r.y[timed] = from;
  write(model, r, values);
  for (const [name, follows, value] of model.starts)
    if (!given(name) && follows.some((other) => given(other) || (other === TIME && from !== 0)))
      write(model, r, { [name]: value(r.y, r.p) });
}

// Whether each comparison of the time holds; within TINY of its instant it is as at that instant.
function turn(model, p, y, time) {
  model.switches.forEach(([when, holds], k) => {
    const since = time - when(y, p);
    p[model.parameters.length + k] = holds[since > TINY ? 2 : since < -TINY ? 0 : 1];
  });
}

function checkTimes(model, from, times, stops) {
  let before = -Infinity;
  for (const time of times) {
    if (!Number.isFinite(time) || time < from || time <= before)
      throw new Error(`${model.id}: time ${time}; give finite, increasing times from ${from} on`);
    before = time;
  }
  if (before === -Infinity) throw new Error(`${model.id}: give at least one time to read at`);
  before = from;
  for (const { time, set } of stops) {
    if (!Number.isFinite(time) || time < before)
      throw new Error(`${model.id}: stop at ${time}; keep stops in order and not before ${from}`);
    before = time;
    for (const name of Object.keys(set)) {
      slotOf(model, room(model), name, set[name]);
      if (model.sizes.includes(name)) throw new Error(`${model.id}: ${name} is set at the start or not at all`);
    }
  }
}

// Root mean square of a vector in units of the tolerances; ahead: states that count as well.
function norm(r, error, ahead, rtol) {
  const { n, y, atol } = r;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const e = error[i] / (Math.max(Math.abs(y[i]), Math.abs(ahead[i])) * rtol + atol[i]);
    sum += e * e;
  }
  return Math.sqrt(sum / (n || 1));
}

// First step after a start or a stop (Hairer, Norsett, Wanner, Solving ODEs I, II.4).
function firstStep(model, r, span, rtol) {
  const { n, y, rate, trial, flow } = r;
  const here = norm(r, y, y, rtol), speed = norm(r, rate, y, rtol);
  let h = here < 1e-5 || speed < 1e-5 ? 1e-6 * span : (0.01 * here) / speed;
  if (!(h < span)) h = span;
  for (let i = 0; i < n; i++) trial[i] = y[i] + h * rate[i];
  model.rates(trial, r.p, r.c, flow);
  for (let i = 0; i < n; i++) flow[i] -= rate[i];
  const most = Math.max(norm(r, flow, y, rtol) / h, speed);
  const found = Math.min(most <= 1e-15 ? 100 * h : Math.pow(0.01 / most, 0.2), 100 * h);
  return found > 0 ? found : h;
}

// Adds weighted stages to a vector, two at a time, which spares half of the passes over it.
function addStages(out, weights, scale, stage) {
  const many = weights.length, n = out.length;
  let j = many % 2;
  if (j) {
    const a = weights[0] * scale, u = stage[0];
    for (let i = 0; i < n; i++) out[i] += a * u[i];
  }
  for (; j < many; j += 2) {
    const a = weights[j] * scale, u = stage[j], b = weights[j + 1] * scale, v = stage[j + 1];
    for (let i = 0; i < n; i++) out[i] += a * u[i] + b * v[i];
  }
}

// One step: the states ahead, and the error in units of the tolerances, which is returned.
function step(model, r, h, rtol) {
  const { n, y, trial, flow, stage, matrix, slope, diagonal } = r;
  const perH = 1 / h, shift = perH / GAMMA;
  for (let k = 0; k < slope.length; k++) matrix[k] = -slope[k];
  for (let i = 0; i < n; i++) matrix[diagonal[i]] += shift;
  model.factor(matrix);
  for (let g = 0; g < 8; g++) {
    const u = stage[g];
    if (g === 0) {
      trial.set(y);
      u.set(r.rate);
    } else {
      if (g < 6) {
        trial.set(y);
        addStages(trial, A[g], 1, stage);
      } else {
        const v = stage[g - 1];
        for (let i = 0; i < n; i++) trial[i] += v[i];
      }
      model.rates(trial, r.p, r.c, u);
      addStages(u, C[g], perH, stage);
    }
    model.solve(matrix, u);
  }
  const last = stage[7];
  for (let i = 0; i < n; i++) r.ahead[i] = trial[i] + last[i];
  return norm(r, last, r.ahead, rtol);
}

// States inside the step just taken, part: of its length.
function inside(r, part, ready) {
  const { n, y, ahead, stage, dense, seen } = r;
  if (!ready)
    for (let q = 0; q < 3; q++) {
      dense[q].fill(0);
      for (let j = 0; j < 8; j++)
        for (let i = 0; i < n; i++) dense[q][i] += H[q][j] * stage[j][i];
    }
  const rest = 1 - part;
  for (let i = 0; i < n; i++) {
    const curve = dense[0][i] + part * (dense[1][i] + part * dense[2][i]);
    seen[i] = rest * y[i] + part * (ahead[i] + rest * curve);
  }
  return seen;
}

function failed(model, r, time, why) {
  model.rates(r.y, r.p, r.c, r.flow);
  const lost = model.states.filter((_, i) => !Number.isFinite(r.flow[i]));
  return new Error(`${model.id}: ${why} at time ${time}${lost.length ? `, where the rate of ${lost[0]} is not finite` : ""}`);
}

// Steps from a time to a stop; `see` is told what lies at the times wanted in between.
function advance(model, r, t, stop, rtol, see) {
  let h = 0, refused = 0;
  while (stop - t > TINY) {
    model.rates(r.y, r.p, r.c, r.rate);
    if (h === 0) h = firstStep(model, r, stop - t, rtol);
    model.jacobian(r.y, r.p, r.c, r.slope);
    for (;;) {
      const last = t + 1.0001 * h >= stop;
      if (last) h = stop - t;
      const e = step(model, r, h, rtol), end = last ? stop : t + h;
      if (++r.steps > MOST) throw failed(model, r, t, `more than ${MOST} steps`);
      let factor = e < Infinity ? Math.min(6, Math.max(0.2, 0.9 * Math.pow(Math.max(e, 1e-12), -0.2))) : 0.2;
      if (e <= 1) {
        see(t, end, h);
        r.y.set(r.ahead);
        if (refused) factor = Math.min(factor, 1);
        refused = 0;
        t = end;
        h *= factor;
        break;
      }
      h *= factor;
      if (++refused > 100 || t + h === t) throw failed(model, r, t, "the step size became too short");
    }
  }
}

/** One run of a model.

values: numbers of parameters and states from the start on, by name; starts that follow from them move along.
times: where states are read, increasing. stops: [{ time, set: { name: number } }], in order; a time that falls
on a stop is read before the stop acts. from: where the run begins. rtol: relative tolerance.
Returns { times, states, steps, read }: states of each time, and read(name), the values of any symbol by time.
Throws an Error in one line for what is unknown or not finite, and for a run that cannot go on. */
export function integrate(model, { values = {}, times, stops = [], from = 0, rtol = 1e-8 }) {
  checkTimes(model, from, times, stops);
  const r = room(model), end = times[times.length - 1], states = [], spans = [], parameters = [];
  const see = (t, until, h, most) => {
    for (let ready = false; states.length < times.length && times[states.length] <= most; ready = true) {
      const time = times[states.length];
      spans.push(parameters.length - 1);
      states.push((time >= until - TINY ? r.ahead : inside(r, (time - t) / h, ready)).slice());
    }
  };
  begin(model, r, values, from);
  r.steps = 0;
  let next = 0;
  for (let t = from; ; ) {
    happen(model, r, t, from, false);
    parameters.push(r.p.slice());
    r.ahead.set(r.y);
    see(t, t, 1, t + TINY);
    if (t >= end - TINY) break;
    happen(model, r, t, from, true);
    for (; next < stops.length && stops[next].time <= t + TINY; next++) write(model, r, stops[next].set);
    let until = next < stops.length ? Math.min(end, stops[next].time) : end;
    for (const [when] of [...model.events, ...model.switches]) {
      const time = when(r.y, r.p);
      if (time > t + TINY && time < until) until = time;
    }
    turn(model, r.p, r.y, (t + until) / 2);
    model.prepare(r.p, r.c);
    parameters.push(r.p.slice());
    advance(model, r, t, until, rtol, (at, ahead, h) => see(at, ahead, h, Math.min(ahead + TINY, until - TINY)));
    t = until;
  }
  const seen = { times: Float64Array.from(times), states, steps: r.steps };
  return { ...seen, read: (name) => readings(model, seen, parameters, spans, name) };
}

// Events that are due, those before or those after what is read now; at the start those that act where their
// time is past. All see the values before any of them acts.
function happen(model, r, now, from, afterwards) {
  const due = ([when, after, early]) => {
    const since = now - when(r.y, r.p);
    return after === afterwards && (now > from ? Math.abs(since) <= TINY : early && since >= 0);
  };
  const valued = ([, , , set]) => Object.fromEntries(set.map(([name, value]) => [name, value(r.y, r.p)]));
  for (const values of model.events.filter(due).map(valued)) write(model, r, values);
}

function readings(model, run, parameters, spans, name) {
  const r = room(model), slot = r.slots.get(name), assigned = model.read.indexOf(name);
  if (slot === undefined && assigned < 0) throw new Error(`${model.id}: nothing is called ${name}`);
  let span = -1;
  return Float64Array.from(run.states, (y, k) => {
    if (slot < r.n) return y[slot];
    const p = parameters[spans[k]];
    if (slot !== undefined) return p[slot - r.n];
    if (model.switches.length) turn(model, p, y, run.times[k]);
    if (spans[k] !== span || model.switches.length) model.prepare(p, r.c);
    span = spans[k];
    model.observe(y, p, r.c, r.read);
    const value = r.read[assigned];
    if (!Number.isFinite(value)) throw new Error(`${model.id}: ${name} is not finite at time ${run.times[k]}`);
    return value;
  });
}
