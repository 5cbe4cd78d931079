"""Criteria on what a fit leaves behind: its cross-validation and what the data identify."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from jakinib.errors import InputError
from jakinib.evaluate.criteria import Criterion
from jakinib.fit import results
from jakinib.fit.crossvalidation import gmfe, share_inside, stored, worst
from jakinib.fit.folds import Held
from jakinib.fit.plan import read_plan
from jakinib.library.measurements import DataSet

_OF_FOLDS: Mapping[str, Callable[[Sequence[Held]], float]] = {
    "gmfe": gmfe,
    "worst_fold": worst,
    "inside_same": lambda held: share_inside(held, "same"),
    "inside_new": lambda held: share_inside(held, "new"),
    "inside_ratio": lambda held: share_inside(held, "ratio"),
}
REASON = "computed from refits without the rows; each row has bands of its own"


def value(criterion: Criterion, data: DataSet) -> float:
    """The statistic of a criterion that is read from stored results.

    Raises InputError, saying what to run, when they are lacking or stale.
    """
    plan = read_plan(criterion.plan, data)
    if criterion.parameter:
        found = {one.estimate.id: one for one in results.judged(results.read(plan))}
        if criterion.parameter not in found:
            raise InputError(f"criterion {criterion.id}: plan {plan.id} has no {criterion.parameter}")
        return float(found[criterion.parameter].verdict == "identifiable")
    assert criterion.leave
    return _OF_FOLDS[criterion.statistic](stored(plan, criterion.leave).some(criterion.rows))
