"""What a plan predicts of rows it was not fitted to: refitted without them, spreads estimated anew."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from jakinib.errors import SimulationError
from jakinib.experiments import Experiment, Potency, experiment
from jakinib.fit.objective import covariance
from jakinib.fit.plan import Plan, read_plan
from jakinib.fit.problem import STEP, Z90, Problem
from jakinib.fit.spreads import settle
from jakinib.library.measurements import DataSet, Measurement, get_data

Leave = Literal["drug", "laboratory", "pathway", "row"]
Band = Literal["same", "new", "ratio"]
LEAVE: tuple[Leave, ...] = ("drug", "laboratory", "pathway", "row")
Array = NDArray[np.float64]
CLOSE, FIXED_POINT = 1e-7, 60  # ln units and steps of the search for what the model says of a row


@dataclass(frozen=True)
class Fold:
    """Rows that are left out together."""

    name: str
    rows: tuple[str, ...]


@dataclass(frozen=True)
class Held:
    """A row that was left out, and what the rest says of it; in the unit of the row.

    Bands are central 90 % intervals of what would be measured. same: in the laboratory of the row, whose
    factor is known as far as other rows tell. new: in a laboratory that nobody has seen. seen: another drug
    was fitted on this pathway. other: a row of the same laboratory and pathway and another drug that was
    fitted, if any; ratio, ratio_band, ratio_published: of the two potencies.
    """

    fold: str
    row: str
    label: str
    inhibitor: str
    pathway: str
    laboratory: str
    status: str
    unit: str
    published: float
    predicted: float
    same: tuple[float, float]
    new: tuple[float, float]
    seen: bool
    other: str = ""
    ratio: float | None = None
    ratio_band: tuple[float, float] | None = None
    ratio_published: float | None = None

    @property
    def fold_error(self) -> float:
        """The larger of predicted / published and its inverse."""
        return math.exp(abs(math.log(self.predicted / self.published)))

    def inside(self, band: Band = "new") -> bool:
        """Whether the published number lies in a band; of one that does not exist it does not."""
        interval = self.ratio_band if band == "ratio" else getattr(self, band)
        value = self.ratio_published if band == "ratio" else self.published
        return interval is not None and value is not None and interval[0] <= value <= interval[1]


@dataclass(frozen=True)
class Predicted:
    """A fold after its refit. density: log predictive density of all its rows together.

    spreads: as estimated without them. held: what the rest says of each row.
    """

    fold: Fold
    spreads: Mapping[str, float]
    density: float
    held: tuple[Held, ...]


def pathway(row: Measurement) -> str:
    """What a potency was read on: IL-6/pSTAT3."""
    return f"{row.cytokine}/{row.readout}"


def folds(plan: Plan, data: DataSet, leave: Leave) -> list[Fold]:
    """The calibration rows of a plan that can be compared as ratios, in groups that are left out together."""
    groups: dict[str, list[str]] = {}
    for identifier in plan.calibration:
        row = data[identifier]
        if row.qualifier != "=" or not experiment(row, data, plan).log:
            continue
        name = {
            "drug": row.inhibitor,
            "laboratory": data.laboratory(row),
            "pathway": pathway(row) if row.cytokine else row.target,
            "row": row.id,
        }[leave]
        groups.setdefault(name, []).append(identifier)
    return [Fold(name, tuple(rows)) for name, rows in groups.items() if name]


def predict(
    plan: Plan, data: DataSet, fold: Fold, start: Mapping[str, float], spreads: Mapping[str, float]
) -> Predicted:
    """Refit a plan without the rows of a fold and predict them.

    start: estimates by parameter, in plan units, where the search begins; spreads: where theirs begins.
    Raises SimulationError when the model cannot be simulated there or says nothing of a row.
    """
    problem = Problem(plan, data, fold.rows)
    problem.spreads = dict(spreads)
    theta = settle(problem, np.log([start[name] for name in problem.names]))
    scatter = Scatter(problem, theta)
    rows = [scatter.row(data[name], data) for name in fold.rows]
    held = tuple(_held(fold, one, scatter, data) for one in rows)
    return Predicted(fold, dict(problem.spreads), scatter.density(rows), held)


@dataclass(frozen=True)
class RowScatter:
    """A row at the optimum: ln of what the model says, and its slopes by the parameters of the model.

    offset: slopes of the factor the row shares with others. error: one standard deviation of a repeat.
    """

    experiment: Experiment
    centre: float
    slope: Array
    offset: Array
    error: float


class Scatter:
    """The distribution of predictions about an optimum: normal on the ln scale, to first order."""

    def __init__(self, problem: Problem, theta: Array) -> None:
        self.problem, self.theta = problem, theta
        self.covariance = covariance(problem, theta)

    def row(self, measured: Measurement, data: DataSet) -> RowScatter:
        problem, plan = self.problem, self.problem.plan
        one = experiment(measured, data, plan)
        models = problem.use(self.theta)
        at, here = one, one.distance(models)
        for _ in range(FIXED_POINT):  # the distance of an IC50 is to first order
            if abs(here) < CLOSE:
                break
            value = at.row.value * math.exp(here)
            at = experiment(measured.model_copy(update={"value": value}), data, plan)
            here = at.distance(models)
        else:
            raise SimulationError(f"{measured.id}: no value at which the distance of the model vanishes")
        read, value = at.symbols(models), at.published * math.exp(here)
        slope, offset = np.zeros(len(self.theta)), np.zeros(len(self.theta))
        for i, parameter in enumerate(plan.parameters):
            offset[i] = parameter.id in one.offsets
            if not {parameter.id, *parameter.also} & read:
                continue
            moved = self.theta.copy()
            moved[i] += STEP
            slope[i] = (at.distance(problem.use(moved)) - here) / STEP
        return RowScatter(one, math.log(value), slope, offset, one.sigma / problem.sigma_ratio(one))

    def spread(self, slope: Array, *more: float) -> float:
        """One standard deviation of a linear combination, and of independent errors beside it."""
        return math.sqrt(float(slope @ self.covariance @ slope) + sum(x * x for x in more))

    def laboratory(self, one: RowScatter) -> float:
        """ln of the factor that the row shares with others, as far as they tell."""
        return float(one.offset @ self.theta)

    def fresh(self, one: RowScatter) -> float:
        """One standard deviation of what a laboratory that nobody has seen adds."""
        plan = self.problem.plan
        names = [name for name, offsets in plan.offsets.items() if one.experiment.row.quantity in offsets.of]
        return math.sqrt(sum(self.problem.spreads[name] ** 2 for name in names))

    def density(self, rows: Sequence[RowScatter]) -> float:
        """Log predictive density of the published numbers, in their own laboratories."""
        distance = np.array(
            [math.log(one.experiment.published) - one.centre - self.laboratory(one) for one in rows]
        )
        slopes = np.array([one.slope + one.offset for one in rows])
        matrix = slopes @ self.covariance @ slopes.T + np.diag([one.error**2 for one in rows])
        _, size = np.linalg.slogdet(2 * math.pi * matrix)
        return float(-0.5 * (distance @ np.linalg.solve(matrix, distance) + size))


def _held(fold: Fold, one: RowScatter, scatter: Scatter, data: DataSet) -> Held:
    row = one.experiment.row
    fitted = [target for target in scatter.problem.targets if pathway(target.row) == pathway(row)]
    others = [target for target in fitted if target.row.inhibitor != row.inhibitor]

    def band(centre: float, spread: float) -> tuple[float, float]:
        return math.exp(centre - Z90 * spread), math.exp(centre + Z90 * spread)

    scale = row.value / one.experiment.published  # from the unit of the experiment to that of the row
    centre = one.centre + math.log(scale)
    held = Held(
        fold.name, row.id, one.experiment.label if isinstance(one.experiment, Potency) else row.id,
        row.inhibitor, pathway(row) if row.cytokine else row.target, data.laboratory(row), row.status,
        row.unit, row.value, math.exp(centre),
        band(centre + scatter.laboratory(one), scatter.spread(one.slope + one.offset, one.error)),
        band(centre, scatter.spread(one.slope, one.error, scatter.fresh(one))),
        seen=bool(others),
    )  # fmt: skip
    near = [t for t in others if t.offsets == one.experiment.offsets and t.row.cell == row.cell] or [
        t for t in others if t.offsets == one.experiment.offsets
    ]
    if not near or not one.experiment.offsets:
        return held
    other = scatter.row(near[0].row, data)
    ratio = one.centre - other.centre
    return replace(
        held,
        other=other.experiment.row.id,
        ratio=math.exp(ratio),
        ratio_band=band(ratio, scatter.spread(one.slope - other.slope, one.error, other.error)),
        ratio_published=one.experiment.published / other.experiment.published,
    )


@functools.cache
def _plan(path: str) -> Plan:
    return read_plan(Path(path), get_data())


def predict_elsewhere(job: tuple[str, Fold, dict[str, float], dict[str, float]]) -> Predicted:
    """``predict`` in another process, of the plan in a file."""
    path, fold, start, spreads = job
    return predict(_plan(path), get_data(), fold, start, spreads)
