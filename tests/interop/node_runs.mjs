// Answers one line of JSON with another: runs of an exported module, or values of its functions.
import readline from "node:readline";

const kept = new Map();

async function answer({ module, run, read, state }) {
  if (!kept.has(module)) kept.set(module, await import(module));
  const { default: model, integrate } = kept.get(module);
  if (state) return ratesAndSlopes(model, Float64Array.from(state));
  const done = integrate(model, run);
  return read.map((name) => [...done.read(name)]);
}

// Rates of the states, and the slope of each to its own state.
function ratesAndSlopes(model, state) {
  const p = Float64Array.from(model.values), c = new Float64Array(model.prepared);
  const rates = new Float64Array(model.states.length), slopes = new Float64Array(model.places);
  model.prepare(p, c);
  model.rates(state, p, c, rates);
  model.jacobian(state, p, c, slopes);
  return [[...rates], model.diagonal.map((place) => slopes[place])];
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  let said;
  try {
    said = { found: await answer(JSON.parse(line)) };
  } catch (error) {
    said = { error: error.message };
  }
  process.stdout.write(JSON.stringify(said) + "\n");
}
