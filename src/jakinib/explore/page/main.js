// The page: state, what is computed of it, and where it is shown.
import { Cells } from "./assay.js";
import { MODELS } from "./models.js";
import { integrate } from "./rodas5p.js";
import { called, html, question, tabs } from "./controls.js";
import { chart, colour, short } from "./chart.js";
import { Bands } from "./bands.js";
import { picture, pixels, save, scenario, table } from "./downloads.js";
import { results } from "./compute.js";
import { panels } from "./panels.js";
import { selftest, timed } from "./selftest.js";
import { groups, slider } from "./sliders.js";
import { bodyDrawn } from "./worker.js";
import { cautions, judged, peaks, points, trust } from "./trust.js";
import { History, changed, readBack, usual, written } from "./store.js";

const content = JSON.parse(document.getElementById("content").textContent);
const cells = new Cells(content, MODELS, integrate);
const bands = new Bands(cells, () => show(past.state, answers(past.state, "full")));
const $ = (id) => document.getElementById(id);

// The arms that the page was written for; else one on the first cytokine of each kind that it knows.
function opening() {
  const of = (known, usualName) => (usualName in known ? usualName : Object.keys(known)[0]);
  const names = { inhibitor: of(content.inhibitors, "baricitinib"), cytokine: of(content.cytokines, "IL-6") };
  const given = content.opening.map((arm) => ({ ...usual(content, arm), ...arm }));
  return given.length ? given : [usual(content, names)];
}

const opened = readBack(content, location.hash);
const first = opened && !(opened instanceof Error)
  ? opened
  : { arms: opening(), on: 0 };
const past = new History(first);
const open = new Set();
let complaint = opened instanceof Error ? `The address does not fit this page (${opened.message}); it shows its usual question.` : "";
let later = 0;
let wanted = "";
const half = []; // IC50 (nM) of each arm as it was last
const filled = new WeakMap(); // what puts the sliders of a group into it
let shown = [];

const active = () => past.state.arms[past.state.on];

function put(state, { going = false, form = true } = {}) {
  past.put(state, going);
  complaint = "";
  if (form) showForm();
  compute(going);
}

function setArm(arm, options) {
  const state = past.state;
  put({ ...state, arms: state.arms.map((one, i) => (i === state.on ? arm : one)) }, options);
}

const act = {
  choose: (on, focus) => {
    put({ ...past.state, on });
    if (focus) $("arms").querySelector('[aria-selected="true"]').focus();
  },
  add: () => put({ arms: [...past.state.arms, { ...active() }], on: past.state.arms.length }),
  remove: () => {
    const arms = past.state.arms.filter((_, i) => i !== past.state.on);
    put({ arms, on: Math.min(past.state.on, arms.length - 1) });
  },
};

const moving = {
  move: (symbol, value, going) => setArm({ ...active(), changes: { ...active().changes, [symbol]: value } }, { going, form: !going }),
  done: () => {
    past.close();
    compute(false);
  },
  reset: (symbol) => {
    const { [symbol]: _, ...changes } = active().changes;
    setArm({ ...active(), changes });
  },
};

// Shows the sliders whose name or symbol holds the words typed; all where there are none.
function find(whole) {
  const words = wanted.trim().toLowerCase();
  for (const part of whole.querySelectorAll("details")) {
    if (words) {
      part.open = true;
      filled.get(part)();
    }
    const rows = [...part.querySelectorAll(".slider")];
    for (const row of rows) row.hidden = !row.querySelector("label").dataset.words.includes(words);
    part.hidden = Boolean(words) && rows.every((row) => row.hidden);
  }
}

function showForm() {
  const focus = document.activeElement?.id;
  const label = document.activeElement?.labels?.[0]?.textContent;
  $("arms").replaceChildren(...tabs(content, past.state, act));
  $("question").replaceChildren(...question(content, active(), (field, value) => setArm(changed(content, active(), field, value))));
  const known = new Set(cells.model(active().cytokine).parameters);
  const moved = Object.keys(active().changes).length;
  const whole = $("parameters").lastElementChild;
  whole.replaceChildren(
    html("p", { class: "quiet" }, moved ? `${moved} moved from the estimate. ` : "All at their estimates. ",
      moved ? html("button", { type: "button", onclick: () => setArm({ ...active(), changes: {} }) }, "Reset all to estimate") : ""),
    html("input", {
      type: "search", placeholder: "Find a parameter", "aria-label": "Find a parameter", value: wanted,
      oninput: (event) => { wanted = event.target.value; find(whole); },
    }),
    ...groups(content, active(), known).map(([title, entries]) => {
      const part = html("details", { open: open.has(title) }, html("summary", {}, `${title} (${entries.length})`));
      const fill = () => {
        if (part.open && part.children.length === 1) part.append(...entries.map((entry) => slider(content, active(), entry, moving)));
        open[part.open ? "add" : "delete"](title);
      };
      filled.set(part, fill);
      part.addEventListener("toggle", fill);
      if (part.open) fill();
      return part;
    }));
  find(whole);
  const again = focus && document.getElementById(focus);
  if (again && !label) again.focus();
  else if (label) [...document.querySelectorAll("label")].find((one) => one.textContent === label)?.control?.focus();
}

// Results of every arm; the search for an IC50 begins at the one before.
function answers(state, quality) {
  return state.arms.map((arm, i) => {
    const found = results(cells, arm, quality, half[i]);
    half[i] = found.response.ic50 ?? 100;
    return found;
  });
}

// Shown at once; what takes long (an active metabolite) is first computed coarsely, then in full.
function compute(going) {
  const state = past.state;
  clearTimeout(later);
  const found = answers(state, going ? "moving" : "first");
  show(state, found);
  $("undo").disabled = past.at === 0;
  $("redo").disabled = past.at === past.past.length - 1;
  later = setTimeout(() => {
    history.replaceState(null, "", `#${written(content, state)}`);
    if (going) return;
    bands.ask(state.arms, found.map(({ response, course }) => (course.error ? null : (response.x ?? null))), found.map(({ course }) => course.level ?? null));
    if (found.some(({ day }) => day.moieties?.length > 1)) show(state, answers(state, "full"));
  }, going ? 250 : 30);
}

function show(state, found) {
  const one = found[state.on];
  $("headline").textContent = complaint || headline(state, one);
  $("beside").replaceChildren(beside(state, found));
  const extras = { peaks: state.arms.flatMap((arm, i) => peaks(content, arm, found[i].day, colour(`arm${i}`))), bands: bands.shown, points: points(content, state.arms, state.arms.map((_, i) => colour(`arm${i}`))) };
  const wide = $("charts").clientWidth;
  const columns = Math.max(1, Math.floor((wide + 14) / 494));
  const width = Math.max(300, Math.floor((wide - 14 * (columns - 1)) / columns) - 30);
  shown = panels(content, state, found, extras);
  $("trust").replaceChildren(...trust(content, state, aboutBands()));
  $("charts").replaceChildren(...shown.map((panel) => figure(panel, width, state)));
}

function aboutBands() {
  const { draws } = content;
  if (draws.missing) return `No bands: ${draws.missing}`;
  if (bands.failed) return `No bands: ${bands.failed}`;
  const drawn = bands.found.length < draws.fewest ? `; ${bands.found.length} of ${draws.rows.length} drawn so far` : "";
  return `Shaded: the 90 % band of what the data leave open in the parameters of the cell, from ${draws.rows.length} draws (${draws.method})${drawn}; plasma ${bodyDrawn(content, active()) ? "varies with what they leave open in its disposition" : "is held, as no plan estimates its disposition"}, in the typical patient. The interval of an IC50 is of what a new laboratory would publish.`;
}

function headline(state, { day, response }) {
  const arm = state.arms[state.on];
  const inhibited = day.error ? "" : `inhibits ${arm.cytokine} ${arm.readout} by ${short(100 * day.summary.mean)} % on average over the day`;
  const half = response.ic50 ? `IC50 ${short(response.ic50)} nM (${arm.matrix})` : (response.error ?? "no half-maximal inhibition");
  return `${called(content, arm)}: ${[inhibited, half].filter(Boolean).join("; ")}.`;
}

function figure({ key, spec, legend, notes }, width, state) {
  const caption = html("figcaption", {}, notes.join(" "));
  const drawn = spec ? chart({ ...spec, say: (text) => { caption.textContent = text || notes.join(" "); } }, width) : null;
  const saving = drawn ? html("span", {}, ...["SVG", "PNG"].map((kind) => html("button", {
    type: "button", "aria-label": `Download ${spec.title} as ${kind}`, onclick: () => download(kind, key, drawn, spec.title),
  }, kind))) : null;
  const top = html("div", { class: "top" }, html("h2", {}, spec?.title ?? "Concentration-response"), saving);
  const keys = html("div", { class: "legend", "aria-hidden": "true" }, ...legend.map(({ name, colour, dash }) => html("span", { style: `--line:${colour};--dash:${dash}` }, name)));
  const out = html("figure", { "data-key": key }, top, keys);
  out.append(...[drawn, caption, verdict(state, key)].filter(Boolean));
  return out;
}

// Beneath each chart: how criteria on it went for the arm that is being changed, and how many cautions it has.
function verdict(state, key) {
  const arm = state.arms[state.on];
  const moved = Object.keys(arm.changes).length > 0;
  const words = moved ? "" : judged(content, arm, key);
  const warned = cautions(content, arm).length;
  if (!words && !warned) return null;
  return html("p", { class: "verdict" }, words ? `Arm ${state.on + 1}: ${words} ` : "",
    html("a", { href: "#trust", onclick: (event) => { event.preventDefault(); $("trust").scrollIntoView(); $("trust").focus(); } },
      warned ? `${warned} caution${warned > 1 ? "s" : ""}` : "More"));
}

function download(kind, key, svg, title) {
  const text = picture(svg, title);
  if (kind === "SVG") save(`${key}.svg`, "image/svg+xml", text);
  else pixels(text, Number(svg.getAttribute("width")), Number(svg.getAttribute("height")), (blob) => save(`${key}.png`, "image/png", blob));
}

function beside(state, found) {
  const columns = ["Arm", "Cmax (ng/mL)", "AUC (ng h/mL)", "Average inhibition (%)", "Least to most (%)", "Above half (h a day)", "IC50 (nM)"];
  const rows = state.arms.map((arm, i) => {
    const { day, response } = found[i];
    const s = day.summary;
    const numbers = s
      ? [short(s.cmax), short(s.auc), short(100 * s.mean), `${short(100 * s.least)} to ${short(100 * s.most)}`, short(s.above)]
      : ["–", "–", "–", "–", "–"];
    return html("tr", { class: i === state.on ? "active" : "" },
      html("th", { scope: "row" }, html("span", { class: "swatch", style: `--line:var(--arm${i})` }), `${i + 1}: ${called(content, arm)}, ${content.cells[arm.cell]}`),
      ...[...numbers, response.error ? response.error : short(response.ic50)].map((text) => html("td", { class: "number" }, text)));
  });
  return html("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Arms side by side" },
    html("table", {}, html("thead", {}, html("tr", {}, ...columns.map((name, k) => html("th", { scope: "col", class: k ? "number" : "" }, name)))), html("tbody", {}, ...rows)));
}

$("csv").addEventListener("click", () => save("explore.csv", "text/csv", table(shown)));
$("yaml").addEventListener("click", () => save("scenario.yaml", "text/yaml", scenario(content, active())));
$("link").addEventListener("click", async () => {
  const address = `${location.href.split("#")[0]}#${written(content, past.state)}`;
  history.replaceState(null, "", address);
  try {
    await navigator.clipboard.writeText(address);
    $("headline").textContent = "The link is copied; the address of the page is the same.";
  } catch {
    $("headline").textContent = "The address of the page is the link; the browser did not let it be copied.";
  }
});
$("undo").addEventListener("click", () => { past.step(-1); showForm(); compute(false); });
$("redo").addEventListener("click", () => { past.step(1); showForm(); compute(false); });
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.target.matches?.('input[type="number"]')) return;
  event.preventDefault();
  $(event.shiftKey ? "redo" : "undo").click();
});
$("made").textContent = `Made by jakinib ${content.version} from its SBML models, which this page integrates itself. A research model: no ground for treating anyone.`;
$("asking").open = innerWidth > 860;
addEventListener("resize", () => compute(false));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => compute(false));
showForm();
compute(false);
if (location.hash === "#timing") {
  const taken = timed(content, (arm, going) => setArm(arm, { going, form: false }));
  document.body.append(html("script", { type: "application/json", id: "timing" }, JSON.stringify(taken)));
}
if (location.hash === "#selftest") {
  const found = { ...selftest(cells), asked: performance.getEntriesByType("resource").map(({ name }) => name) };
  document.body.append(html("script", { type: "application/json", id: "selftest" }, JSON.stringify(found)));
}
