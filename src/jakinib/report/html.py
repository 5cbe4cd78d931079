"""The evaluation as one self-contained page, and its verdicts as JSON."""

from __future__ import annotations

import base64
import functools
import json
import math
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

from jakinib.errors import SimulationError
from jakinib.evaluate import Evaluation, Verdict
from jakinib.evaluate.agreement import Agreement
from jakinib.evaluate.bands import Bands
from jakinib.evaluate.basis import headline
from jakinib.evaluate.credibility import read_checklist, score
from jakinib.evaluate.criteria import Interval
from jakinib.evaluate.evidence import Evidence, Prediction
from jakinib.experiments import AfterDose
from jakinib.fit import results
from jakinib.fit.coordinates import Coordinate, coordinates
from jakinib.fit.plan import read_plan
from jakinib.fit.run import prepare
from jakinib.library import get_library
from jakinib.library.measurements import DataSource
from jakinib.paths import write_atomic
from jakinib.report import captions, plots
from jakinib.report import crossvalidated as crossvalidation
from jakinib.units import factor

ITEMS = {
    0: "Criteria of your own",
    1: "Enzyme potency of baricitinib",
    2: "Selectivity",
    3: "One oral dose in healthy adults, IL-6 → pSTAT3 in whole blood ex vivo",
    4: "IL-6 signalling in PBMC, predicted and not fitted",
    5: "Whole-blood panel and cytokine EC50s",
    6: "Pharmacokinetics of the typical patient",
    7: "Kinetics of signalling",
    9: "Patients: renal impairment, and the spread in RA",
    8: "4 mg once daily in RA is partial and periodic",
}


FILES = ("verdicts.json", "index.html")


def write(evaluation: Evaluation, folder: Path) -> Path:
    """Write index.html and verdicts.json into ``folder``; returns the path of the page.

    The same evaluation gives the same bytes. Raises InputError when a plan of the evaluation has no results.
    """
    page = render(evaluation)  # before anything is written
    record = {
        "passed": evaluation.passed,
        "tallies": [line.record() for line in evaluation.tallies],
        "agreement": [line.record() for line in _agreement(evaluation)],
        "verdicts": [_jsonable(r) for r in evaluation.records()],
        "provenance": evaluation.provenance,
    }
    write_atomic(folder / "verdicts.json", json.dumps(record, indent=2, allow_nan=False) + "\n")
    write_atomic(folder / "index.html", page)
    return folder / "index.html"


def _agreement(evaluation: Evaluation) -> list[Agreement]:
    found, _ = _computed(lambda: evaluation.agreement)
    return found or []


def interval(found: Interval) -> str:
    """An interval as text, a dash where there is none; Laplace is marked."""
    if found.low is None or found.high is None:
        return "–"
    mark = " (Laplace)" if found.method == "Laplace" else ""
    return f"{number(found.low)} to {number(found.high)}{mark}"


def _jsonable(record: dict[str, Any]) -> dict[str, Any]:
    """JSON has no infinity: such a value is null, and its error says so."""
    value = record["value"]
    if value is None or math.isfinite(value):
        return record
    return record | {"value": None, "error": f"the value is {value}"}


def render(evaluation: Evaluation) -> str:
    """The page as HTML text."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": number, "interval": interval, "with_prefix": lambda row, prefix: (prefix, row),
    }  # fmt: skip
    evidence = evaluation.evidence
    fits = [results.read(read_plan(name, evidence.data)) for name in evaluation.provenance["plans"]]
    predictions, no_predictions = _computed(lambda: evidence.cell_ic50s)
    found, not_crossvalidated = crossvalidation.every(evidence.plans)
    crossvalidated = [
        (one, crossvalidation.summary(one), _address(plots.svg(crossvalidation.predicted_published(one))))
        for one in found
    ]
    hard = [v for v in evaluation.verdicts if v.criterion.hard]
    return environment.get_template("report.html.j2").render(
        passed=sum(v.passed for v in hard),
        hard=len(hard),
        reported=len(evaluation.verdicts) - len(hard),
        missed=sum(not v.passed for v in evaluation.verdicts if not v.criterion.hard),
        failed=[v for v in hard if not v.passed],
        headline=headline(evaluation.tallies),
        tallies=evaluation.tallies,
        items=_items(evaluation),
        crossvalidated=crossvalidated,
        not_crossvalidated=not_crossvalidated,
        coordinates=_coordinates(
            tuple(name for fit in fits if fit.plan.id == "pathways" for name in results.state(fit).items())
        ),
        structures=evaluation.provenance.get("structures", {}),
        figures=list(_figures(evidence, evaluation.bands)),
        bands=evaluation.bands,
        agreement=_agreement(evaluation),
        reasons=evaluation.reasons,
        ec50=_computed(lambda: evidence.ec50s)[0] or [],
        predictions=predictions or [],
        no_predictions=no_predictions,
        fits=[(fit, _parameters(fit)) for fit in fits],
        ex_vivo=_blood(evidence),
        assays=_assays(evidence, predictions or []),
        credibility=score(read_checklist()),
        provenance=evaluation.provenance,
        sources=_sources(evaluation, predictions or [], fits),
        citation=lambda name: evidence.data.sources[name].citation,
    )


@functools.lru_cache(maxsize=2)
def _coordinates(state: tuple[tuple[str, str], ...]) -> list[Coordinate]:
    """What the data fix of the potencies, computed once; none without their plan. state: of the fit."""
    return coordinates(prepare("pathways")) if state else []


T = TypeVar("T")


def _computed(quantity: Callable[[], T]) -> tuple[T | None, str]:
    """The quantity, or why it could not be simulated: a page with failures is still a page."""
    try:
        return quantity(), ""
    except SimulationError as error:
        return None, str(error)


def number(value: float, bounds: tuple[float | None, ...] = (), digits: int = 3) -> str:
    """Significant digits without exponent; more when rounding would cross one of ``bounds``."""
    if not math.isfinite(value):
        return str(value)
    for shown in range(digits, 18):
        rounded = float(f"{value:.{shown}g}")
        if all(b is None or _side(value, b) == _side(rounded, b) for b in bounds):
            break
    exponent = int(f"{rounded:.{shown - 1}e}".partition("e")[2])  # log10 would round 999999.9999999999 up
    return f"{rounded:.{max(0, shown - 1 - exponent)}f}"


def _side(value: float, bound: float) -> int:
    return (value > bound) - (value < bound)


# Criteria -------------------------------------------------------------------------------------------


def _items(evaluation: Evaluation) -> list[tuple[int, str, list[tuple[Verdict, str, str]]]]:
    """(item, title, [(verdict, shown value, basis)]) in the order of the criteria."""
    verdicts = sorted(evaluation.verdicts, key=lambda v: v.criterion.item)
    groups = groupby(verdicts, key=lambda v: v.criterion.item)
    return [
        (
            item,
            ITEMS.get(item, f"Item {item}"),
            [(v, _shown(v), evaluation.bases[v.criterion.id]) for v in group],
        )
        for item, group in groups
    ]


def _shown(verdict: Verdict) -> str:
    if verdict.value is None:
        return "none"
    return number(verdict.value, (verdict.criterion.low, verdict.criterion.high))


# Figures --------------------------------------------------------------------------------------------


def _figures(evidence: Evidence, bands: Bands) -> Iterator[tuple[captions.Plot, str | None, str]]:
    """Each plot, its picture, and why there is none."""
    for plot in captions.plots_of(evidence):
        yield plot, *_computed(functools.partial(_picture, plot, evidence, bands))


def _picture(plot: captions.Plot, evidence: Evidence, bands: Bands) -> str:
    """An SVG as a data address: as an image it keeps its ids to itself."""
    return _address(plots.svg(plot.draw(evidence, bands)))


def _address(text: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(text.encode()).decode()}"


# Parameters and assumptions -------------------------------------------------------------------------


def _parameters(fit: results.Fit) -> list[dict[str, str]]:
    """Estimates as text; the verdict says when the interval runs into a bound of the plan."""
    free = {symbol: p for p in fit.plan.parameters for symbol in (p.id, *p.also)}
    rows = []
    for judged in results.judged(fit):
        row = judged.estimate
        ends = (("lower", judged.low, free[row.id].low), ("upper", judged.high, free[row.id].high))
        cut = " and ".join(name for name, end, bound in ends if math.isclose(end, bound, rel_tol=1e-3))
        rows.append(
            {
                "id": row.id,
                "value": number(row.value),
                "interval": f"{number(judged.low)} to {number(judged.high)}",
                "unit": row.unit,
                "prior": "" if row.prior_median is None else f"{row.prior_median:g} ×/÷ {row.prior_factor:g}",
                "method": judged.method,
                "verdict": judged.verdict + (f"; interval cut at {cut} bound" if cut else ""),
            }
        )
    return rows


def _blood(evidence: Evidence) -> dict[str, str] | None:
    """Conditions of the assay on blood drawn after a dose, in the units of the laboratory."""
    every = (one for criterion in evidence.criteria for one in evidence.of(criterion))
    conditions = next((one.assay for one in every if isinstance(one, AfterDose)), None)
    if conditions is None:
        return None
    mass = get_library().cytokine(conditions.cytokine).molecular_weight.to("g/mol")
    return {
        "cytokine": conditions.cytokine,
        "dose": f"{conditions.cytokine_dose * mass * factor('nmol/L*g/mol', 'ng/mL'):.4g} ng/mL",
        "preincubation": f"{60 * conditions.preincubation:g} min",
        "stimulation": f"{60 * conditions.stimulation:g} min",
        "cell": conditions.cell,
    }


def _assays(evidence: Evidence, predictions: list[Prediction]) -> list[dict[str, str]]:
    """What is assumed of the assays behind each folder of cell IC50s: only the cytokines that are used."""
    used: dict[str, dict[str, None]] = {}
    for prediction in predictions:
        used.setdefault(prediction.source, {})[evidence.data[prediction.row].cytokine] = None
    rows = []
    for source, cytokines in used.items():
        assay = evidence.data.sources[source].assay
        if assay is None:
            continue
        doses = {c: q for c, q in assay.cytokine_dose.items() if c in cytokines}
        serum = assay.serum_fraction
        rows.append(
            {
                "source": source,
                "preincubation": f"{assay.preincubation.to('min'):g} min",
                "stimulation": f"{assay.stimulation.to('min'):g} min",
                "serum": "default" if serum is None else f"{100 * serum.value:g} %",
                "doses": ", ".join(f"{c} {q.value:g} {q.unit}" for c, q in doses.items()),
                "why": assay.preincubation.rationale,
            }
        )
    return rows


def _sources(
    evaluation: Evaluation, predictions: list[Prediction], fits: list[results.Fit]
) -> list[tuple[str, DataSource]]:
    """Every source the page leans on, by name."""
    data = evaluation.evidence.data
    names = {source for v in evaluation.verdicts for source in v.sources}
    names |= {p.source for p in predictions}
    names |= {data[row].source for fit in fits for row in fit.plan.calibration}
    return [(name, data.sources[name]) for name in sorted(names)]
