// Answers one line of JSON with another: runs of an exported module, or values of its functions.
import readline from "node:readline";

const kept = new Map();

async function answer({ module, run, read, slopes }) {
  if (!kept.has(module)) kept.set(module, await import(module));
  const { default: model, integrate } = kept.get(module);
  if (slopes) {
    const p = Float64Array.from([...model.values, ...model.switches.map(() => 0)]);
    const c = new Float64Array(model.prepared), found = new Float64Array(model.places);
    model.prepare(p, c);
    model.jacobian(Float64Array.from(slopes), p, c, found);
    return [...found];
  }
  const done = integrate(model, run);
  return read.map((name) => [...done.read(name)]);
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
