// The question as a form: one arm at a time, tabs for the others.
import { MOST_ARMS } from "./store.js";

// An HTML element with attributes, properties that begin with "on", and children.
export function html(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

let numbered = 0;

function field(label, control, hint) {
  const id = `f${++numbered}`;
  control.id = id;
  if (hint) control.title = hint;
  return html("div", { class: "field" }, html("label", { for: id }, label), control);
}

function choice(names, chosen, change, said = (name) => name) {
  const list = html("select", { onchange: (event) => change(event.target.value) });
  for (const name of names) list.append(html("option", { value: name, selected: name === chosen }, said(name)));
  return list;
}

function number(value, change, { least = 0, step = "any", empty, label } = {}) {
  return html("input", {
    type: "number", value: value ?? "", min: least, step, placeholder: empty, "aria-label": label,
    onchange: (event) => {
      const text = event.target.value.trim();
      if (text === "" && empty !== undefined) change(null);
      else if (text !== "" && Number(text) >= least && Number.isFinite(Number(text))) change(Number(text));
      else event.target.value = value ?? "";
    },
  });
}

export const INTERVALS = { 24: "once a day", 12: "twice a day", 8: "every 8 h", 48: "every 2 days", 0: "one dose" };

// What an arm is called in tables and legends.
export function called(content, arm) {
  const often = { 24: "qd", 12: "bid", 8: "q8h", 48: "q48h", 0: "once" }[arm.plan.interval] ?? `q${arm.plan.interval}h`;
  const doses = arm.population ? ` ${arm.plan.dose} mg ${often}` : "";
  const who = [
    arm.weight === null ? "" : `${arm.weight} kg`, arm.eGFR === null ? "" : `eGFR ${arm.eGFR}`,
    ...arm.with.map((name) => content.inhibitors[arm.inhibitor].conditions[name].name.toLowerCase()),
  ].filter(Boolean);
  const patient = arm.population && who.length ? ` (${who.join(", ")})` : "";
  return `${content.inhibitors[arm.inhibitor].name}${doses}${patient}, ${arm.cytokine} ${arm.readout}`;
}

export function tabs(content, state, act) {
  const buttons = state.arms.map((arm, i) =>
    html("button", {
      type: "button", role: "tab", "aria-selected": String(i === state.on), "aria-controls": "question",
      tabindex: i === state.on ? 0 : -1, style: `color:var(--arm${i})`, title: called(content, arm),
      onclick: () => act.choose(i),
      onkeydown: (event) => {
        const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (by) act.choose((i + by + state.arms.length) % state.arms.length, true);
      },
    }, `Arm ${i + 1}`),
  );
  const full = state.arms.length >= MOST_ARMS;
  return [
    ...buttons,
    html("button", { type: "button", onclick: act.add, disabled: full, title: "A copy of this arm, to change" }, "Add arm"),
    html("button", { type: "button", onclick: act.remove, disabled: state.arms.length < 2 }, "Remove"),
  ];
}

export function question(content, arm, set) {
  const drug = content.inhibitors[arm.inhibitor];
  const entry = content.cytokines[arm.cytokine];
  const people = content.populations[arm.population];
  const who = people
    ? html("fieldset", {}, html("legend", {}, "Patient and doses"),
        field("Population", choice(Object.keys(drug.populations), arm.population, (v) => set("population", v), (n) => content.populations[n].name)),
        field("Dose (mg)", number(arm.plan.dose, (v) => set("plan", { ...arm.plan, dose: v }))),
        field("How often", choice([...new Set([...Object.keys(INTERVALS), String(arm.plan.interval)])], String(arm.plan.interval), (v) => set("plan", { ...arm.plan, interval: Number(v) }), (n) => INTERVALS[n] ?? `every ${n} h`)),
        arm.plan.interval
          ? field("When", choice(["steady", "first"], arm.plan.steady ? "steady" : "first", (v) => set("plan", { ...arm.plan, steady: v === "steady" }), (n) => (n === "steady" ? "at steady state" : "from the first dose")))
          : null,
        field("Weight (kg)", number(arm.weight, (v) => set("weight", v), { least: 1, empty: people.weight })),
        field("eGFR", number(arm.eGFR, (v) => set("eGFR", v), { least: 1, empty: people.eGFR }), "mL/min per 1.73 m²"),
        ...Object.entries(drug.conditions).map(([name, condition]) =>
          html("label", { class: "check" },
            html("input", { type: "checkbox", checked: arm.with.includes(name), onchange: (event) => set("with", event.target.checked ? [...arm.with, name] : arm.with.filter((n) => n !== name)) }),
            condition.name)))
    : html("p", { class: "quiet" }, `The library has no pharmacokinetics of ${drug.name}${drug.parents.length ? `; it is formed from ${drug.parents.join(", ")}` : ""}: assays only.`);
  return [
    html("fieldset", {}, html("legend", {}, "Inhibitor"),
      field("Inhibitor", choice(Object.keys(content.inhibitors), arm.inhibitor, (v) => set("inhibitor", v), (n) => content.inhibitors[n].name))),
    who,
    html("fieldset", {}, html("legend", {}, "Assay"),
      field("Cytokine", choice(Object.keys(content.cytokines), arm.cytokine, (v) => set("cytokine", v))),
      field("Read-out", choice(Object.keys(entry.readouts), arm.readout, (v) => set("readout", v))),
      field("Cell", choice(Object.keys(entry.cells), arm.cell, (v) => set("cell", v), (n) => content.cells[n])),
      field("Matrix", choice(Object.keys(drug.free), arm.matrix, (v) => set("matrix", v)), "Of the concentration-response; after doses blood is drawn ex vivo"),
      dose(entry, arm, set),
      field("With drug (min)", number(round(arm.before * 60), (v) => set("before", v / 60)), "Before the cytokine"),
      field("Stimulated (min)", number(round(arm.during * 60), (v) => set("during", v / 60), { least: 0.1 }))),
  ];
}

function round(value) {
  return Number(value.toPrecision(6));
}

// The cytokine dose in nM or ng/mL; the unit is a matter of showing.
function dose(entry, arm, set) {
  const factor = { nM: 1, "ng/mL": entry.mass / 1000 };
  const unit = dose.unit ?? "ng/mL";
  const amount = number(round(arm.dose * factor[unit]), (v) => set("dose", v / factor[unit]));
  const units = choice(Object.keys(factor), unit, (v) => {
    dose.unit = v;
    set("dose", arm.dose);
  });
  units.setAttribute("aria-label", "Unit of the cytokine dose");
  const row = field("Cytokine dose", amount, `Usual in assays: ${round(entry.dose * factor[unit])} ${unit}`);
  row.append(html("span"), units);
  return row;
}
