"""What a criterion makes of the experiments it names: one number."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from jakinib.errors import SimulationError
from jakinib.experiments import Experiment, Models, Potency

Bounds = tuple[float | None, float | None]


def fold(experiment: Experiment, models: Models) -> float:
    """Fold error, at least 1: the larger of predicted / published and its inverse.

    A row of a plan is predicted in its laboratory, with the factor that the plan found for it.
    """
    if isinstance(experiment, Potency):
        ratio = experiment.predicted(models) / experiment.published
    else:
        ratio = experiment.value(models) / experiment.row.value
    return float(np.exp(abs(math.log(ratio) + experiment.offset(models))))


def _values(experiments: Sequence[Experiment], models: Models) -> list[float]:
    return [experiment.value(models) for experiment in experiments]


def _value(experiments: Sequence[Experiment], models: Models, bounds: Bounds) -> float:
    (experiment,) = experiments
    return experiment.value(models)


def _each(experiments: Sequence[Experiment], models: Models, bounds: Bounds) -> float:
    """The value that comes nearest to leaving the bounds, or lies furthest beyond."""
    low, high = bounds
    values = _values(experiments, models)
    if low is None or high is None:
        return min(values) if high is None else max(values)
    return max(values, key=lambda value: abs(value - (low + high) / 2))


def _rise(experiments: Sequence[Experiment], models: Models, bounds: Bounds) -> float:
    """The smallest rise from one experiment to the next; the last may be without limit."""
    values = _values(experiments, models)
    if not np.isfinite(values[:-1]).all():
        never = next(e for e, value in zip(experiments, values, strict=True) if not math.isfinite(value))
        raise SimulationError(
            f"{never.row.quantity} after {never.row.dose} is not reached within the run; the rise is unknown"
        )
    return float(np.diff(values).min())


def _ratio(experiments: Sequence[Experiment], models: Models, bounds: Bounds) -> float:
    """The second value over the first."""
    first, second = _values(experiments, models)
    return second / first


def _gmfe(experiments: Sequence[Experiment], models: Models, bounds: Bounds) -> float:
    return float(np.exp(np.mean(np.log([fold(experiment, models) for experiment in experiments]))))


def _mean_difference(experiments: Sequence[Experiment], models: Models, bounds: Bounds) -> float:
    """Mean distance from the published values, in the unit of the rows."""
    return float(np.mean([abs(one.value(models) - one.row.value) for one in experiments]))


Statistic = Callable[[Sequence[Experiment], Models, Bounds], float]
STATISTICS: Mapping[str, Statistic] = {
    "value": _value,
    "each": _each,
    "minimum": lambda experiments, models, bounds: min(_values(experiments, models)),
    "maximum": lambda experiments, models, bounds: max(_values(experiments, models)),
    "rise": _rise,
    "ratio": _ratio,
    "gmfe": _gmfe,
    "mean_difference": _mean_difference,
    "worst_fold": lambda experiments, models, bounds: max(fold(one, models) for one in experiments),
}
COUNTS = {"value": 1, "ratio": 2}  # experiments that a statistic takes; others take any number
