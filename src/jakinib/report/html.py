"""The evaluation as one self-contained page, and its verdicts as JSON and CSV."""

from __future__ import annotations

import csv
import functools
import io
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from jakinib.errors import SimulationError
from jakinib.evaluate import Evaluation, Verdict
from jakinib.evaluate.agreement import Agreement
from jakinib.evaluate.bands import Bands
from jakinib.evaluate.basis import headline
from jakinib.evaluate.credibility import read_checklist, score
from jakinib.evaluate.evidence import Evidence, Prediction
from jakinib.experiments import AfterDose
from jakinib.fit import results
from jakinib.fit.coordinates import Coordinate, coordinates
from jakinib.fit.crossvalidation import CrossValidation
from jakinib.fit.plan import read_plan
from jakinib.library import get_library
from jakinib.library.measurements import DataSource, Measurement
from jakinib.parallel import pool, result
from jakinib.paths import write_atomic
from jakinib.report import captions, inline, overview, potencies, wording
from jakinib.report import crossvalidated as crossvalidation
from jakinib.report.readings import readings
from jakinib.report.templates import template
from jakinib.report.wording import number
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


FILES = ("verdicts.json", "verdicts.csv", "index.html")
PLAN = "pathways"  # whose potencies the page shows as far as the data fix them
Fixed = Callable[[], list[Coordinate]]


@contextmanager
def begun(workers: int) -> Iterator[Fixed | None]:
    """What ``write`` takes as ``fixed``, worked out by another process from now on; None where there is none.

    A page shows what the data fix of the cell's plan, and no evaluation asks for it.
    """
    if workers < 2:
        yield None
        return
    with pool(workers - 1, always=True) as elsewhere:
        yield functools.partial(result, elsewhere.submit(coordinates, PLAN))


def write(evaluation: Evaluation, folder: Path, fixed: Fixed | None = None) -> Path:
    """Write index.html, verdicts.json and verdicts.csv into ``folder``; returns the path of the page.

    fixed: from ``begun``. The same evaluation gives the same bytes. Raises InputError when a plan of the
    evaluation has no results.
    """
    page = render(evaluation, fixed)  # before anything is written
    found = readings(evaluation)
    verdicts = [_jsonable(r) | {"passes_although": found.get(r["id"], "")} for r in evaluation.records()]
    record = {
        "passed": evaluation.passed,
        "tallies": [line.record() for line in evaluation.tallies],
        "agreement": [line.record() for line in _agreement(evaluation)],
        "verdicts": verdicts,
        "provenance": evaluation.provenance,
    }
    write_atomic(folder / "verdicts.json", json.dumps(record, indent=2, allow_nan=False) + "\n")
    write_atomic(folder / "verdicts.csv", _csv(verdicts))
    write_atomic(folder / "index.html", page)
    return folder / "index.html"


def _agreement(evaluation: Evaluation) -> list[Agreement]:
    found, _ = _computed(lambda: evaluation.agreement)
    return found or []


def _csv(records: Sequence[dict[str, Any]]) -> str:
    """The records as a table for spreadsheets; lists are joined by a semicolon."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, records[0].keys() if records else (), lineterminator="\n")
    writer.writeheader()
    for record in records:
        writer.writerow({k: "; ".join(v) if isinstance(v, list) else v for k, v in record.items()})
    return stream.getvalue()


def _jsonable(record: dict[str, Any]) -> dict[str, Any]:
    """JSON has no infinity: such a value is null, and its error says so."""
    value = record["value"]
    if value is None or math.isfinite(value):
        return record
    return record | {"value": None, "error": f"the value is {value}"}


def render(evaluation: Evaluation, fixed: Fixed | None = None) -> str:
    """The page as HTML text; fixed: as in ``write``."""
    filters: dict[str, Any] = {
        "number": number,
        "interval": wording.interval,
        "with_prefix": lambda row, prefix: (prefix, row),
    }
    return template("report.html.j2", filters).render(_content(evaluation, fixed))


def _content(evaluation: Evaluation, fixed: Fixed | None) -> dict[str, Any]:
    """What the template shows, by the names that it uses."""
    evidence = evaluation.evidence
    fits = [results.read(read_plan(name, evidence.data)) for name in evaluation.provenance["plans"]]
    predictions, no_predictions = _computed(lambda: evidence.cell_ic50s)
    found, not_crossvalidated = crossvalidation.every(evidence.plans)
    drawn = _drawn(evidence, evaluation.bands)
    although = readings(evaluation)
    return {
        "headline": headline(evaluation.tallies),
        "counts": overview.counts(evaluation.tallies),
        "at_hand": next((t for t in evaluation.tallies if t.basis == "context"), None),
        "hard": [v for v in evaluation.verdicts if v.criterion.hard],
        "reported": [v for v in evaluation.verdicts if not v.criterion.hard],
        "groups": overview.groups(evaluation.verdicts, evaluation.bases, although),
        "bases": overview.WORDS,
        "ticks": overview.TICKS,
        "items": _items(evaluation, drawn, although),
        "potencies": [one for one in drawn if one.plot.item is None],
        "crossvalidated": [(one, crossvalidation.summary(one), _left_out(one)) for one in found],
        "not_crossvalidated": not_crossvalidated,
        "coordinates": next(
            (
                fixed() if fixed else _coordinates(*results.state(f).items())
                for f in fits
                if f.plan.id == PLAN
            ),
            [],
        ),
        "structures": evaluation.provenance.get("structures", {}),
        "bands": evaluation.bands,
        "agreement": _agreement(evaluation),
        "reasons": evaluation.reasons,
        "ec50": _computed(lambda: evidence.ec50s)[0] or [],
        "predictions": predictions or [],
        "no_predictions": no_predictions,
        "fits": [(fit, _parameters(fit)) for fit in fits],
        "ex_vivo": _blood(evidence),
        "assays": _assays(evidence, predictions or []),
        "credibility": score(read_checklist()),
        "provenance": evaluation.provenance,
        "sources": _sources(evaluation, predictions or [], fits),
        "citation": lambda name: evidence.data.sources[name].citation,
    }


def _left_out(found: CrossValidation) -> str:
    """The picture of a cross-validation."""
    panel = crossvalidation.panel(found)
    picture = potencies.predicted_observed(panel, "potency")
    return inline.markup(picture, f"left-out-{found.leave}", potencies.seen(panel, "potency"))


@functools.lru_cache(maxsize=2)
def _coordinates(*state: tuple[str, str]) -> list[Coordinate]:
    """What the data fix of the potencies, computed once for a state of the fit."""
    return coordinates(PLAN)


T = TypeVar("T")


def _computed(quantity: Callable[[], T]) -> tuple[T | None, str]:
    """The quantity, or why it could not be simulated: a page with failures is still a page."""
    try:
        return quantity(), ""
    except SimulationError as error:
        return None, str(error)


# Criteria and their figures --------------------------------------------------------------------------


@dataclass(frozen=True)
class Drawn:
    """A figure on the page. picture: its SVG element; None, with the reason, when it could not be drawn."""

    number: int
    plot: captions.Plot
    picture: str | None
    error: str


@dataclass(frozen=True)
class Entry:
    """A criterion in the section of its item. shown: figures and tables that it can be read off."""

    verdict: Verdict
    value: str
    words: str
    reading: str
    published: Sequence[tuple[Measurement, str]]
    shown: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Item:
    """Criteria on one question, and their figures."""

    number: int
    title: str
    figures: Sequence[Drawn]
    entries: Sequence[Entry]


def _drawn(evidence: Evidence, bands: Bands) -> list[Drawn]:
    """Every figure in the order of the page: potencies first, then those of the items."""
    plots = sorted(captions.plots_of(evidence), key=lambda plot: -1 if plot.item is None else plot.item)
    return [
        Drawn(place, plot, *_computed(functools.partial(_picture, plot, evidence, bands)))
        for place, plot in enumerate(plots, 1)
    ]


def _picture(plot: captions.Plot, evidence: Evidence, bands: Bands) -> str:
    return inline.markup(plot.draw(evidence, bands), plot.name, plot.seen(evidence, bands))


def _items(evaluation: Evaluation, drawn: Sequence[Drawn], reads: Mapping[str, str]) -> list[Item]:
    """Items in order, each with what was asked, what came out and what it looks like."""
    numbers = {v.criterion.item for v in evaluation.verdicts}
    numbers |= {one.plot.item for one in drawn if one.plot.item is not None}
    return [
        Item(
            item,
            ITEMS.get(item, f"Item {item}"),
            [one for one in drawn if one.plot.item == item],
            [
                _entry(v, evaluation, drawn, reads.get(v.criterion.id, ""))
                for v in evaluation.verdicts
                if v.criterion.item == item
            ],
        )
        for item in sorted(numbers)
    ]


def _entry(verdict: Verdict, evaluation: Evaluation, drawn: Sequence[Drawn], although: str) -> Entry:
    criterion, data = verdict.criterion, evaluation.evidence.data
    shown = [
        (f"figure-{one.plot.name}", f"figure {one.number}") for one in drawn if one.plot.is_of(criterion)
    ]
    if criterion.leave:
        shown.append((f"crossvalidation-{criterion.leave}", f"predictions without each {criterion.leave}"))
    if criterion.parameter:
        shown.append(("parameters", "fitted parameters"))
    rows = [data[name] for name in criterion.rows]
    return Entry(
        verdict,
        wording.value(verdict),
        overview.WORDS[evaluation.bases[criterion.id]],
        although,
        [(row, wording.published(row)) for row in rows],
        shown,
    )


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
