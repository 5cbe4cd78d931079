"""What the published numbers behind a criterion are to the model: input, fitted, at hand or predicted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from jakinib.evaluate.criteria import Criterion, Verdict, behind
from jakinib.fit.plan import Plan
from jakinib.library import get_library
from jakinib.library.measurements import DataSet
from jakinib.library.quantities import named_in

Basis = Literal["predicted", "context", "calibrated", "input"]


def bases(criteria: Iterable[Criterion], plans: Sequence[Plan], data: DataSet) -> dict[str, Basis]:
    """The basis of each criterion, by id: that of the least independent of its rows and of what they rest on.

    Rows that were left out of the fits that predict them are predicted, whatever else they calibrate.
    calibrated: in the objective of a plan, or behind a fitted number of the library. input: a number of the
    library was taken from it, so that agreement verifies the simulation and is no evidence. context: a plan
    names it beside its objective. predicted: none of these.
    """
    named = named_in(get_library())
    calibrated = {row for plan in plans for row in plan.reads(data)}
    calibrated |= {row for row, kinds in named.items() if "fitted" in kinds}
    context = {row for plan in plans for row in plan.context}
    order: tuple[Basis, ...] = get_args(Basis)

    def of(row: str) -> Basis:
        if row in calibrated:
            return "calibrated"
        return "input" if row in named else "context" if row in context else "predicted"

    def least(criterion: Criterion) -> Basis:
        if criterion.leave:
            return "predicted"
        rows = {row for name in (*criterion.rows, *criterion.of) for row in behind(name, data)}
        return max(map(of, rows), key=order.index)

    return {criterion.id: least(criterion) for criterion in criteria}


@dataclass(frozen=True)
class Tally:
    """Criteria of one basis: how many there are and pass; of those that decide (hard), the same."""

    basis: Basis
    criteria: int
    passed: int
    hard: int
    hard_passed: int

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def tallies(verdicts: Iterable[tuple[Basis, Verdict]]) -> list[Tally]:
    """One line for each basis that has criteria, predictions first."""
    out = []
    found = list(verdicts)
    for name in get_args(Basis):
        mine = [verdict for of, verdict in found if of == name]
        hard = [verdict for verdict in mine if verdict.criterion.hard]
        if mine:
            passed = sum(verdict.passed for verdict in mine)
            out.append(Tally(name, len(mine), passed, len(hard), sum(v.passed for v in hard)))
    return out


def headline(found: Iterable[Tally]) -> str:
    """The verdict in one sentence: it counts predictions alone."""
    for tally in found:
        if tally.basis == "predicted":
            return (
                f"Of {tally.criteria} criteria on numbers that the model predicts, {tally.passed} pass; "
                f"of {tally.hard} that decide, {tally.hard_passed}."
            )
    return "No criterion is on a number that the model predicts."
