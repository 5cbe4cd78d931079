"""What is known of the page's answers: posterior draws, published potencies, verdicts of criteria."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from jakinib.errors import InputError, JakinibError
from jakinib.evaluate.bands import FEWEST
from jakinib.evaluate.draws import joint
from jakinib.evaluate.potency import scatter
from jakinib.evaluate.run import PLANS, calibrations
from jakinib.experiments import experiment
from jakinib.experiments.cell import Inhibited
from jakinib.library import get_library
from jakinib.library.measurements import DataSet, Measurement, get_data
from jakinib.report.sources import stored

_DOSE = re.compile(r"(\d+\.?\d*) mg(?: (qd|bid))?(?: \w+)?$")
# The chart that a kind of published number is about.
CHARTS = {
    "plasma": ("cmax", "auc", "tmax", "half_life", "clearance", "volume", "exposure_ratio"),
    "inhibition": ("time_of_max_inhibition", "return_of_inhibition"),
    "response": ("cell_ic50", "ex_vivo_ec50"),
    "occupancy": ("enzyme_ic50",),
    "course": ("fold_over_basal", "disappearance_time", "ec50"),
}
BLUR = 201  # equally likely deviates that stand for a normal error
DIGITS = 5


def draws(known: Collection[str]) -> dict[str, Any]:
    """The stored draws of the parameters ``known`` and, under ``body``, of disposition by population; the
    spreads of potencies that no parameter holds.

    ``missing`` says why there are none.
    """
    from scipy.stats import norm

    try:
        spread = scatter()
    except InputError as error:
        return {"missing": str(error)}
    body = joint([calibrations(["clinical_pk"], get_data())], len(spread.draws.settings)).settings
    return {
        **_table(spread.draws.settings, lambda name: name.split("@")[0] in known),
        "body": _table(body, lambda name: "@" in name),
        "fewest": FEWEST,
        "repeat": spread.repeat,
        "laboratory": spread.laboratory,
        "inhibitor": spread.inhibitor,
        "fitted": sorted(spread.fitted),
        "blur": [_short(float(z)) for z in norm.ppf((np.arange(BLUR) + 0.5) / BLUR)],
        "method": " and ".join(sorted(set(spread.draws.methods.values()))),
    }


def _table(settings: Sequence[Mapping[str, float]], keep: Callable[[str], bool]) -> dict[str, Any]:
    """Draws as a table: names of the columns, and a row a draw, None where a draw lacks a name."""
    names = sorted({name for draw in settings for name in draw if keep(name)})
    return {"names": names, "rows": [[_short(draw.get(name)) for name in names] for draw in settings]}


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{DIGITS}g}")


def points() -> list[dict[str, Any]]:
    """Published potencies in cells: conditions as the model takes them, and what each was used for."""
    data = get_data()
    try:
        fits = calibrations(PLANS, data)
    except InputError:
        return []  # of stale fits ``draws`` says which
    found = []
    for row in data.measurements.values():
        if row.quantity not in ("cell_ic50", "ex_vivo_ec50"):
            continue
        plan = next((f.plan for f in fits if row.id in (*f.plan.calibration, *f.plan.validation)), None)
        try:
            asked = experiment(row, data, plan) if plan else None
        except JakinibError:
            asked = None
        if isinstance(asked, Inhibited):
            fitted = plan is not None and row.id in plan.calibration
            found.append(_point(row, data, asked, "calibrates the model" if fitted else "held out"))
    return found


def _point(row: Measurement, data: DataSet, asked: Inhibited, role: str) -> dict[str, Any]:
    conditions = asked.assay
    return {
        "id": row.id, "inhibitor": conditions.inhibitor, "cytokine": conditions.cytokine,
        "readout": conditions.readout, "cell": conditions.cell, "matrix": conditions.matrix,
        "dose": conditions.cytokine_dose, "value": row.to("nM"), "sign": row.qualifier,
        "low": None if row.low is None else row.low * row.to("nM") / row.value,
        "high": None if row.high is None else row.high * row.to("nM") / row.value,
        "status": row.status, "source": data.sources[row.source].citation, "at": row.location,
        "laboratory": data.laboratory(row), "role": role,
    }  # fmt: skip


def exposures() -> list[dict[str, Any]]:
    """Published Cmax (ng/mL) of a dose in a population of the library, at steady state or after one."""
    data, library, found = get_data(), get_library(), []
    for row in data.measurements.values():
        people = library.find("populations", row.population) if row.population else None
        dose = _DOSE.match(row.dose)
        if row.quantity != "cmax" or people is None or dose is None or row.unit == "percent":
            continue
        found.append(
            {"id": row.id, "inhibitor": row.inhibitor, "population": people, "dose": float(dose[1]),
             "interval": {"qd": 24.0, "bid": 12.0}.get(dose[2] or ""), "steady": "ss" in row.target,
             "value": row.to("ng/mL"), "source": data.sources[row.source].citation, "at": row.location,
             "status": row.status, "n": row.n}
        )  # fmt: skip
    return found


def verdicts() -> dict[str, Any]:
    """The stored evaluation: criteria with verdicts, and predicted potencies; ``missing`` says why not."""
    try:
        found = stored()
    except InputError as error:
        return {"missing": str(error)}
    data = get_data().measurements
    fields = ("id", "statement", "value", "target", "unit", "verdict", "basis", "hard", "explanation")
    criteria = []
    for one in found["verdicts"]:
        rows = [data[row] for row in one["rows"] if row in data]
        criteria.append(
            {name: one[name] for name in fields}
            | {
                "about": sorted({f"{r.inhibitor}|{r.cytokine}|{r.readout}" for r in rows}),
                "charts": [c for c, kinds in CHARTS.items() if any(r.quantity in kinds for r in rows)],
            }
        )
    predicted = {
        one["row"]: {"predicted": one["predicted"], "fold": one["fold"], "role": one["role"]}
        for one in found["predictions"]
    }
    return {"criteria": criteria, "predicted": predicted}
