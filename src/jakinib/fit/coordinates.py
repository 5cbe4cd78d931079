"""What the data fix: not the single parameters of a plan but the potencies they add up to.

Reserve, ATP step and share of a pathway trade off against each other; the IC50 of a drug on a pathway in the
laboratory that measured it does not. A verdict is by the share that the data have in holding the quantity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from jakinib import cache
from jakinib.experiments import Potency
from jakinib.fit import results
from jakinib.fit.folds import Scatter
from jakinib.fit.plan import read_plan
from jakinib.fit.problem import Z90
from jakinib.fit.profile import Verdict
from jakinib.fit.run import Prepared, prepare
from jakinib.library.measurements import get_data


@dataclass(frozen=True)
class Coordinate:
    """What a calibrating row reads, in its laboratory: value and 90 % interval in the row's unit."""

    row: str
    label: str
    unit: str
    value: float
    low: float
    high: float
    verdict: Verdict


def coordinates(plan: str) -> list[Coordinate]:
    """The potencies of a fitted plan, one for each calibrating row and its laboratory; from the cache where
    fit and rows are the same.

    Raises InputError when the plan was never fitted or its inputs changed since.
    """
    data = get_data()
    declared = read_plan(plan, data)
    fit = results.read(declared)
    rows = [data[identifier] for identifier in declared.calibration]
    told = [(row.model_dump_json(), data.laboratory(row)) for row in rows]
    found = [(one.id, one.value) for one in fit.estimates], fit.provenance.get("spreads")
    key = repr((fit.provenance["inputs"], results.fingerprint(declared, data), found, told))
    return cache.kept("coordinates", key, lambda: _coordinates(prepare(plan)))


def _coordinates(ready: Prepared) -> list[Coordinate]:
    problem, data = ready.problem, ready.data
    theta = results.best_theta(problem, data)
    scatter, jacobian = Scatter(problem, theta), problem.jacobian(theta)
    out = []
    for target in problem.targets:
        if not (isinstance(target, Potency) and target.row.qualifier == "="):
            continue
        one = scatter.row(target.row, data)
        slope = one.slope + one.offset
        spread = scatter.spread(slope)
        along = jacobian @ (scatter.covariance @ slope)
        whole = float(along @ along)
        share = float(along[: len(problem.targets)] @ along[: len(problem.targets)]) / whole if whole else 0.0
        centre = one.centre + scatter.laboratory(one) + math.log(target.row.value / target.published)
        low, high = np.exp([centre - Z90 * spread, centre + Z90 * spread]).tolist()
        out.append(
            Coordinate(
                target.row.id, f"{target.label}, {data.laboratory(target.row)}", target.row.unit,
                math.exp(centre), low, high, results.judge(share),
            )
        )  # fmt: skip
    return out
