"""An evaluation with plain numbers in place of simulations, and how to read a figure."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from matplotlib.text import Text

from jakinib.assay import CellAssay, ExVivo, PlasmaProfile
from jakinib.evaluate import Criterion, Evaluation, Verdict, read_criteria
from jakinib.evaluate.evidence import Evidence, Prediction
from jakinib.experiments import AfterDose, Experiment, Trace
from jakinib.fit import get_data, read_plan, results

DAILY = [
    ("IL-6", "pSTAT3"),
    ("IL-6", "pSTAT1"),
    ("IL-2", "pSTAT5"),
    ("IFN-gamma", "pSTAT1"),
    ("GM-CSF", "pSTAT5"),
]
HOURS = np.arange(0, 24.1, 0.5)


def profile(peak: float) -> PlasmaProfile:
    """Plasma levels that rise to ``peak`` nM within an hour and halve every 4 h."""
    level = peak * np.minimum(HOURS, 1) * 0.5 ** (np.maximum(HOURS - 1, 0) / 4)
    return PlasmaProfile("baricitinib", HOURS, level, 371.42, 0.5)


def ex_vivo(peak: float, cytokine: str = "IL-6", readout: str = "pSTAT3") -> ExVivo:
    level = profile(peak)
    return ExVivo(level, level.free / (level.free + 50), CellAssay("baricitinib", cytokine, readout))


def prediction(row: str, role: str, label: str, published: float, predicted: float) -> Prediction:
    measurement = get_data()[row]
    return Prediction(row, role, label, published, predicted, measurement.status, measurement.source)


class Synthetic(Evidence):
    """Evidence with plain numbers in place of simulations."""

    cell_ic50s = [  # noqa: RUF012
        prediction("C010", "calibration", "tofacitinib IFN-gamma pSTAT1, monocytes, whole blood", 178, 170),
        prediction("C015", "calibration", "tofacitinib IL-6 pSTAT1, CD8+, whole blood", 54, 55),
        prediction("C016", "calibration", "tofacitinib IL-6 pSTAT1, CD3+, whole blood", 54, 55),
        prediction("C024", "recalled", "baricitinib IL-6 pSTAT3, PBMC, PBMC", 44, 56),
        prediction("C031", "validation", "brepocitinib IL-6 pSTAT3, CD3+, whole blood", 641, 320.5),
    ]
    ec50s = [  # noqa: RUF012
        prediction("B061", "calibration", "IL-15 pSTAT5, CD4 T, 30 min", 0.9, 0.7),
        prediction("B063", "validation", "IL-2 pSTAT5, CD4 T, 30 min", 1.8, 0.4),
    ]

    def number(self, one: Experiment) -> float:
        return one.row.value

    def course(self, one: Experiment) -> ExVivo:
        assert isinstance(one, AfterDose)
        if len(one.regimen.doses) > 1:
            assay = one.assay
            strength = 40.0 * 3 ** DAILY.index((assay.cytokine, assay.readout))
            return ex_vivo(strength, assay.cytokine, assay.readout)
        return ex_vivo(25 * one.regimen.doses[0].amount)

    def trace(self, one: Experiment) -> Trace:
        minutes = np.arange(121.0)
        rise = 70 * minutes**2 / (minutes**2 + 100)
        match one.row.quantity:
            case "cmax":
                plasma = profile(140)
                return Trace(plasma.time, plasma.ng_per_mL, "", "")
            case "ec50":
                doses = np.geomspace(0.1, 500, 19)
                return Trace(doses, 60 * doses / (doses + 9), "", "")
            case "percent_left_after_block":
                return Trace(np.arange(91.0), 100 * 0.5 ** (np.arange(91.0) / 9), "", "")
            case "exposure_ratio":
                eGFR = np.linspace(30, 120, 10)
                point = (75.0 if one.row.population.startswith("mild") else 45.0, one.row.value)
                return Trace(eGFR, 100 / eGFR, "", "", point)
            case "population_mean":
                return Trace(one.row.value * np.linspace(0.2, 2, 100), np.arange(0.5, 100), "", "")
            case "clearance":
                plasma = profile(140)
                return Trace(plasma.time, plasma.ng_per_mL, "", "")
            case "enzyme_ic50" | "cell_ic50":
                x = np.logspace(-1, 5, 61)
                return Trace(x, 100 * x / (x + one.row.value), "", "")
        return Trace(minutes, rise if one.row.without else rise * np.exp(-minutes / 40), "", "")


def passing(criterion: Criterion) -> Verdict:
    """The verdict whose value lies at a bound of the criterion."""
    value = criterion.low if criterion.low is not None else criterion.high
    return Verdict(criterion, value, tuple(dict.fromkeys(get_data()[row].source for row in criterion.rows)))


def evaluation(evidence: Evidence, *changed: Verdict) -> Evaluation:
    """An evaluation where everything passes but for the ``changed`` verdicts."""
    data = get_data()
    by_id = {verdict.criterion.id: verdict for verdict in changed}
    verdicts = [by_id.get(criterion.id, passing(criterion)) for criterion in read_criteria()]
    plans = {name: results.read(read_plan(name, data)).provenance for name in ("clinical_pk", "pathways")}
    return Evaluation(verdicts, evidence, {"plans": plans, "versions": {"jakinib": "0", "numpy": "2"}})


def criterion(identifier: str) -> Criterion:
    return next(c for c in read_criteria() if c.id == identifier)


def overlaps(figure: Any) -> list[tuple[str, str]]:
    """Pairs of texts of a figure whose boxes (without leaders) overlap by more than a pixel."""
    figure.draw_without_rendering()
    texts = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
    boxes = [(t.get_text(), Text.get_window_extent(t).padded(-0.5)) for t in texts]
    inside = [(text, box) for text, box in boxes if box.overlaps(figure.bbox)]
    return [(a, b) for (a, first), (b, second) in itertools.combinations(inside, 2) if first.overlaps(second)]
