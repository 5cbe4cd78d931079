// What leaves the page: tables, pictures, and the scenario that the command line runs.
import { period } from "./day.js";

export function save(name, type, content) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

const plain = (text) => (/^[A-Za-z][\w .+-]*$/.test(text) ? text : JSON.stringify(text));
const flow = (record) => `{${Object.entries(record).map(([key, value]) => `${key}: ${value}`).join(", ")}}`;
const exact = (number) => String(Number(number.toPrecision(12)));

// Doses as the command line reads them.
export function regimen({ dose, interval, steady }) {
  if (!interval) return `${exact(dose)} mg once`;
  const often = { 24: "qd", 12: "bid" }[interval] ?? `q${exact(interval)}h`;
  if (steady) return `${exact(dose)} mg ${often} ss`;
  const number = Math.round(period({ interval }) / interval);
  return number > 1 ? `${exact(dose)} mg ${often} x ${number}` : `${exact(dose)} mg once`;
}

// The scenario of an arm as a file of the command line; what a scenario cannot hold is said in its comments.
export function scenario(content, arm) {
  const moved = Object.entries(arm.changes).map(([symbol, value]) => `${symbol} ${exact(value)}`);
  const patient = arm.population ? { population: plain(arm.population) } : {};
  if (arm.weight !== null) patient.weight = `${exact(arm.weight)} kg`;
  if (arm.eGFR !== null) patient.eGFR = `${exact(arm.eGFR)} mL/min`;
  if (arm.with.length) patient.with = `[${arm.with.map(plain).join(", ")}]`;
  const assay = { cytokine: plain(arm.cytokine), readout: plain(arm.readout), cell: plain(arm.cell) };
  if (arm.matrix !== "whole blood") assay.matrix = plain(arm.matrix);
  assay.cytokine_dose = `${arm.dose} nM`;
  if (arm.before !== 1) assay.preincubation = `${exact(60 * arm.before)} min`;
  if (arm.during !== 0.25) assay.stimulation = `${exact(60 * arm.during)} min`;
  return [
    `# Written by the page of jakinib ${content.version}. jakinib simulate --scenario FILE follows the doses, jakinib assay the curve.`,
    assay.matrix ? "# After doses blood is drawn: leave the matrix out for simulate." : "",
    moved.length ? `# The page also held, in the units of the models: ${moved.join(", ")}. A scenario has the estimates.` : "",
    Object.keys(patient).length ? `patient: ${flow(patient)}` : "",
    `inhibitor: ${plain(arm.inhibitor)}`,
    arm.population ? `regimen: ${regimen(arm.plan)}` : "",
    `assay: ${flow(assay)}`,
  ].filter(Boolean).join("\n") + "\n";
}

const cell = (value) => (typeof value === "number" ? String(value) : /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

// Every line of every chart as rows: chart, line, x, y, with the names of both axes.
export function table(panels) {
  const rows = [["chart", "line", "x axis", "x", "y axis", "y"]];
  for (const { spec } of panels) {
    if (!spec) continue;
    for (const { label, x, y } of spec.lines) x.forEach((at, i) => rows.push([spec.title, label, spec.x.label, at, spec.y.label, y[i]]));
    for (const { x, low, high } of spec.bands ?? [])
      x.forEach((at, i) => rows.push([spec.title, "90 % band, lower end", spec.x.label, at, spec.y.label, low[i]], [spec.title, "90 % band, upper end", spec.x.label, at, spec.y.label, high[i]]));
  }
  return rows.map((row) => row.map(cell).join(",")).join("\n") + "\n";
}

// A chart as a file of its own, with its title and what stands beneath it.
export function picture(svg, title) {
  const copy = svg.cloneNode(true);
  copy.querySelectorAll(".unsaved").forEach((part) => part.remove());
  const named = document.createElementNS("http://www.w3.org/2000/svg", "title");
  named.textContent = title;
  copy.prepend(named);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return new XMLSerializer().serializeToString(copy);
}

// The same as pixels, three a unit; calls back with a Blob.
export function pixels(text, width, height, done) {
  const image = new Image();
  image.onload = () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [3 * width, 3 * height];
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob(done, "image/png");
  };
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
}
