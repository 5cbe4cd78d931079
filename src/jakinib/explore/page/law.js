// Inhibition as a function of the free concentration, from few runs, and half-maximal concentrations.

const NODES = 7;
const PER_DECADE = 6;
export const FAINTEST = 1e-3;

export function logit(share, floor = 1e-9) {
  const held = Math.min(Math.max(share, floor), 1 - floor);
  return Math.log(held / (1 - held));
}

function span(low, high) {
  const half = Math.max(0.5 * Math.log(high / low), 1e-6);
  const number = Math.max(NODES, Math.ceil((PER_DECADE * 2 * half) / Math.LN10));
  return { middle: 0.5 * Math.log(high * low), half, number };
}

function nodes(number) {
  return Array.from({ length: number }, (_, i) => -Math.cos((Math.PI * i) / (number - 1)));
}

// Free concentrations (nM) at which an assay is run to know it between two.
export function concentrations(low, high) {
  const { middle, half, number } = span(low, high);
  return nodes(number).map((x) => Math.exp(middle + half * x));
}

// Barycentric interpolation through values at Chebyshev points of the second kind.
function through(points, values) {
  const last = points.length - 1;
  return (at) => {
    let above = 0;
    let below = 0;
    for (let i = 0; i <= last; i++) {
      const gap = at - points[i];
      if (gap === 0) return values[i];
      const weight = ((i % 2 ? -1 : 1) * (i === 0 || i === last ? 0.5 : 1)) / gap;
      above += weight * values[i];
      below += weight;
    }
    return above / below;
  };
}

// Monotone cubic interpolation (Fritsch and Butland 1984, SIAM J. Sci. Stat. Comput. 5:300).
function monotone(x, y) {
  const n = x.length;
  const h = x.slice(1).map((v, i) => v - x[i]);
  const d = h.map((v, i) => (y[i + 1] - y[i]) / v);
  const slope = Array(n).fill(0);
  for (let i = 1; i < n - 1; i++) {
    if (d[i - 1] * d[i] > 0) {
      const a = 2 * h[i] + h[i - 1];
      const b = h[i] + 2 * h[i - 1];
      slope[i] = (a + b) / (a / d[i - 1] + b / d[i]);
    }
  }
  const end = (h0, h1, d0, d1) => {
    const s = ((2 * h0 + h1) * d0 - h0 * d1) / (h0 + h1);
    if (Math.sign(s) !== Math.sign(d0)) return 0;
    return Math.sign(d0) !== Math.sign(d1) && Math.abs(s) > 3 * Math.abs(d0) ? 3 * d0 : s;
  };
  slope[0] = end(h[0], h[1], d[0], d[1]);
  slope[n - 1] = end(h[n - 2], h[n - 3], d[n - 2], d[n - 3]);
  return (at) => {
    let i = 0;
    while (i < n - 2 && at > x[i + 1]) i++;
    const t = (at - x[i]) / h[i];
    const u = 1 - t;
    return (
      y[i] * (1 + 2 * t) * u * u + slope[i] * h[i] * t * u * u + y[i + 1] * t * t * (3 - 2 * t) - slope[i + 1] * h[i] * t * t * u
    );
  };
}

// Inhibition (fraction) by free concentration (nM), from that at `concentrations`. Below `low` it falls in
// proportion, above `high` it stays; where a little inhibitor lifts the signal the fractions are joined.
export function lawThrough(shares, low, high) {
  const { middle, half, number } = span(low, high);
  const points = nodes(number);
  let joined;
  if (Math.min(...shares) < 0) joined = monotone(points, shares);
  else {
    const inLogits = through(points, shares.map((share) => logit(share)));
    joined = (at) => 1 / (1 + Math.exp(-inLogits(at)));
  }
  return (free) => {
    const at = (Math.log(Math.min(Math.max(free, low), high)) - middle) / half;
    return joined(Math.min(Math.max(at, -1), 1)) * Math.min(free / low, 1);
  };
}

// Concentrations of a course between which an assay must be known.
export function reach(free) {
  const high = Math.max(...free);
  return [Math.max(Math.min(...free), FAINTEST * high), high];
}

const LOWEST = -4;
const HIGHEST = 8;

// log10 of the concentration (nM) of half-maximal inhibition; null where none from 1e-4 to 1e8 nM inhibits by
// half. near: log10 of a guess. Bracketed, then by false position, halving the value that stays (Illinois).
export function halfMaximal(inhibition, near = 1) {
  const at = (x) => logit(inhibition(10 ** x), 1e-12);
  let [low, high] = [near, near];
  let atLow = at(near);
  let atHigh = atLow;
  let wide = Math.min(Math.max((1.3 * Math.abs(atLow)) / Math.LN10, 0.1), 2);
  while (atLow > 0 && low > LOWEST) {
    [high, atHigh, low] = [low, atLow, Math.max(low - wide, LOWEST)];
    atLow = at(low);
    wide = Math.min(2 * wide, 2);
  }
  while (atHigh < 0 && high < HIGHEST) {
    [low, atLow, high] = [high, atHigh, Math.min(high + wide, HIGHEST)];
    atHigh = at(high);
    wide = Math.min(2 * wide, 2);
  }
  if (atLow > 0 || atHigh < 0) return null;
  let kept = 0;
  for (let i = 0; i < 100 && high - low > 1e-8; i++) {
    const x = (low * atHigh - high * atLow) / (atHigh - atLow);
    const f = at(x);
    if (Math.abs(f) < 1e-7) return x;
    if (f < 0) {
      [low, atLow] = [x, f];
      if (kept < 0) atHigh /= 2;
      kept = -1;
    } else {
      [high, atHigh] = [x, f];
      if (kept > 0) atLow /= 2;
      kept = 1;
    }
  }
  return (low + high) / 2;
}
